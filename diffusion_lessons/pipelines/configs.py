"""What the `config` of a scheduler of `diffusers` says, in the words of this course.

`diffusers` counts a network's times as 0 .. T - 1, and its `alphas_cumprod[i]` is alpha_bar at our t = i + 1, since
t = 0 is clean data here. On flow paths it shows the network 1000 t.
"""

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor

from diffusion_lessons.machine.quiet import quiet_logging
from diffusion_lessons.path import Path
from diffusion_lessons.schedules import cosine, ddpm_linear, flow, from_alpha_bar

NEEDED = ("diffusers", "transformers")
PREDICTS = {"epsilon": "eps", "sample": "x0", "v_prediction": "v", "flow_prediction": "velocity"}
BETAS = ("linear", "scaled_linear", "squaredcos_cap_v2")


def why_no_pipelines() -> str:
    """Why production pipelines would not work here, and what would help; '' where they do."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return ""
    are = "are" if len(missing) > 1 else "is"
    return f"{' and '.join(missing)} {are} not installed: pip install 'diffusion-lessons[pipelines]'"


@contextmanager
def quiet_import() -> Iterator[None]:
    """Inside, `diffusers` and torchao, which it imports, do not warn of their own internals."""
    with quiet_logging():
        yield


def is_flow(config: Mapping[str, Any]) -> bool:
    """Whether a config is of a flow path: only those of `FlowMatch...` schedulers have a shift and no betas."""
    return "beta_schedule" not in config and "shift" in config


def predicts_of(config: Mapping[str, Any]) -> str:
    """What the network predicts, by this course's name. Raises ValueError for a type that is not known."""
    if is_flow(config):
        return "velocity"
    name = config.get("prediction_type", "epsilon")
    if name not in PREDICTS:
        raise ValueError(f"unknown prediction_type {name!r}; the types are {', '.join(PREDICTS)}")
    return PREDICTS[name]


def path_of(config: Mapping[str, Any]) -> Path:
    """The Gaussian path that a scheduler's betas make: alpha_bar_t = prod_{i <= t} (1 - beta_i), in double precision.

    `linear` is DDPM's, `squaredcos_cap_v2` is Nichol and Dhariwal's cosine, and `scaled_linear`, Stable Diffusion's, is
    linear in the square root of beta. Raises ValueError for other betas, and for betas that are rescaled.
    """
    if is_flow(config):
        return flow()
    if config.get("rescale_betas_zero_snr"):
        raise ValueError("rescale_betas_zero_snr is not supported: give the rescaled betas as trained_betas")
    T, trained = int(config.get("num_train_timesteps", 1000)), config.get("trained_betas")
    first, last = float(config.get("beta_start", 1e-4)), float(config.get("beta_end", 0.02))
    name = config.get("beta_schedule", "linear")
    if trained is not None:
        betas = np.asarray(trained, dtype=np.float64)
    elif name == "linear":
        return ddpm_linear(T, first, last)
    elif name == "squaredcos_cap_v2":
        return cosine(T)
    elif name == "scaled_linear":
        betas = np.linspace(first**0.5, last**0.5, T) ** 2
    else:
        raise ValueError(f"unknown beta_schedule {name!r}; those that are known here are {', '.join(BETAS)}")
    return from_alpha_bar(np.cumprod(1 - betas).tolist())


def without_variances(output: Tensor, x: Tensor) -> Tensor:
    """What a network says of the mean: networks that predict variances too have them in as many channels more."""
    return output.chunk(2, dim=1)[0] if x.ndim > 1 and output.shape[1] == 2 * x.shape[1] else output


def index_of(t: float, path: Path) -> float:
    """What `diffusers` shows the network at our time t: t - 1 on a path of whole times, 1000 t on a flow path."""
    return t - 1 if path.whole_times else 1000 * t / path.T


def time_of(index: Any, path: Path) -> Any:
    """Our time where the network of `diffusers` is shown `index`: the inverse of `index_of`, for floats and tensors."""
    return index + 1 if path.whole_times else index * path.T / 1000

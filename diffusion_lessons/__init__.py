"""Diffusion models, from one number on paper to the frontier of steps, quality and latency.

    import diffusion_lessons as dl

    network = dl.load("digits-diffusion")
    denoise = dl.denoisers.clip(dl.denoisers.condition_on(network, 7), 1.0)
    path = network.path
    x = dl.sample(dl.samplers.ddim, denoise, path.prior((16, *network.shape)), path, path.grid(20))

The rooms, each built on those before it: `grids`, `path`, `schedules`, `estimates`, `denoisers`, `toys`, `guidance`,
`samplers`, `sampling`, `captions`; `data`, `networks`, `training`, `distillation`, `optimise`, `checkpoints`,
`pipelines`; `metrics`, `benchmark`, `clinic`; `checks`, `figures`, `panels`; `doctor` and `invariants` for what does
not work.
"""

from typing import TYPE_CHECKING, Any

from diffusion_lessons.face import offer

if TYPE_CHECKING:
    from diffusion_lessons.checkpoints import load as load
    from diffusion_lessons.checks import check as check
    from diffusion_lessons.checks import working as working
    from diffusion_lessons.data import load_data as load_data
    from diffusion_lessons.samplers import sample as sample
    from diffusion_lessons.samplers import trace as trace
    from diffusion_lessons.sampling import Settings as Settings
    from diffusion_lessons.sampling import generate as generate

ROOMS = (
    *("grids", "path", "schedules", "estimates", "denoisers", "toys", "guidance", "samplers", "sampling", "captions"),
    *("data", "networks", "training", "distillation", "optimise", "checkpoints", "pipelines", "metrics", "benchmark"),
    *("clinic", "checks", "figures", "panels", "doctor", "invariants"),
)
OFFERED: dict[str, list[str]] = {
    "checkpoints": ["load"],
    "data": ["load_data"],
    "samplers": ["sample", "trace"],
    "sampling": ["Settings", "generate"],
    "checks": ["check", "working"],
}
_offered, __dir__, __all__ = offer(__name__, {**{room: [] for room in ROOMS}, **OFFERED})


def __getattr__(name: str) -> Any:
    if name != "__version__":
        return _offered(name)
    from importlib.metadata import version

    return version("diffusion-lessons")

"""Configs of `diffusers`: its betas are our paths, its times ours but for the count, and what is missing is named."""

import subprocess
import sys

import pytest
import torch

from diffusion_lessons import schedules
from diffusion_lessons.pipelines import configs

diffusers = pytest.importorskip("diffusers")


@pytest.mark.parametrize("schedule", configs.BETAS)
def test_paths_are_those_of_diffusers(schedule):
    theirs = diffusers.DDPMScheduler(beta_schedule=schedule, beta_start=0.00085, beta_end=0.012)
    path = configs.path_of(theirs.config)
    ours = path.alpha_bar(torch.arange(1, 1001, dtype=torch.float64))
    torch.testing.assert_close(ours, theirs.alphas_cumprod.double(), rtol=1e-4, atol=1e-9)


def test_betas_of_ones_own_are_taken():
    path = configs.path_of({"beta_schedule": "linear", "trained_betas": [0.1, 0.2], "num_train_timesteps": 2})
    assert path.alpha_bar(2.0) == pytest.approx(0.9 * 0.8)


def test_flow_configs_are_known_by_their_shift():
    config = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0).config
    assert configs.is_flow(config) and configs.predicts_of(config) == "velocity"
    assert configs.path_of(config) == schedules.flow()
    assert not configs.is_flow(diffusers.DDPMScheduler().config)


@pytest.mark.parametrize("path", [schedules.cosine(), schedules.flow()], ids=["cosine", "flow"])
def test_times_are_counted_there_and_back(path):
    for t in path.grid(5)[:-1]:
        assert configs.time_of(configs.index_of(t, path), path) == pytest.approx(t)
    assert configs.index_of(path.T, path) == (999 if path.whole_times else 1000)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"beta_schedule": "sigmoid"}, "unknown beta_schedule 'sigmoid'"),
        ({"beta_schedule": "linear", "rescale_betas_zero_snr": True}, "rescale_betas_zero_snr"),
    ],
)
def test_an_unknown_path_is_refused(config, words):
    with pytest.raises(ValueError, match=words):
        configs.path_of(config)
    with pytest.raises(ValueError, match="unknown prediction_type 'noise'"):
        configs.predicts_of({"beta_schedule": "linear", "prediction_type": "noise"})


def test_without_the_extra_an_import_names_the_remedy():
    """In a fresh process that cannot find `diffusers`; tables, which need nothing of it, still work there."""
    program = (
        "import importlib.util, sys\n"
        "sys.modules['diffusers'] = None\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'diffusers' else find(name, *a)\n"
        "from diffusion_lessons import pipelines, samplers, schedules\n"
        "print(len(pipelines.linear_steps(samplers.ddim, schedules.flow(), schedules.flow().grid(3))))\n"
        "for name in ('LessonScheduler', 'MiniatureUNet', 'miniature'):\n"
        "    try:\n"
        "        getattr(pipelines, name)()\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
    )
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    assert made[:4] == ["3", *["diffusers is not installed: pip install 'diffusion-lessons[pipelines]'"] * 3]

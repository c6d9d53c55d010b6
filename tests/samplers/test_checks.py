"""What is said when a sampler is called: about x that is not what the grid starts from."""

import warnings

import pytest
import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.samplers.checks import StartWarning
from diffusion_lessons.sampling import generate
from tests.paths import PATHS
from tests.samplers.problems import GRIDDED, MIXTURE

COSINE, LINEAR = schedules.cosine(), schedules.ddpm_linear()
DENOISE = Denoiser(lambda x, t, c: x * 0.1, COSINE, "v", classes=3, shape=(2,))
SHIPPED = {name: PATHS[name] for name in ("ddpm_linear", "cosine", "flow", "variance_exploding")}


def prior(path=COSINE):
    return path.prior((3, 2), torch.Generator().manual_seed(0))


def said(run):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run()
    return [warning for warning in caught if warning.category is StartWarning]


def test_a_leading_grid_from_pure_noise_is_warned_of_once_with_its_remedy():
    for run in (
        lambda: samplers.sample(samplers.ddim, DENOISE, prior(), COSINE, COSINE.grid(10, "leading")),
        lambda: samplers.trace(samplers.dpm_solver_1, DENOISE, prior(), COSINE, COSINE.grid(10, "leading")),
        lambda: generate(classifier_free(DENOISE, 1, 3.0), 3, steps=10, spacing="leading"),
        lambda: generate(DENOISE, 3, labels=[1], scale=3.0, steps=10, spacing="leading"),
    ):
        (warning,) = said(run)
        assert warning.filename == __file__, "at the line that called the package"
        text = str(warning.message)
        assert "\n" not in text and text.startswith("this grid starts at t = 901, where alpha = 0.154")
        assert 'spacing="trailing"' in text and "path.add_noise(data, noise, t)" in text


def test_a_short_chain_whose_end_is_no_noise_is_warned_of():
    path = schedules.ddpm_linear(T=100)
    denoise = Denoiser(lambda x, t: x * 0.1, path)
    (warning,) = said(lambda: samplers.sample(samplers.ddpm, denoise, prior(path), path, path.grid(100)))
    assert str(warning.message).startswith(f"this path ends at t = 100 with alpha = {path.alpha(100.0):.3g}")
    assert "more steps or larger betas" in str(warning.message)


@pytest.mark.parametrize("path", SHIPPED.values(), ids=SHIPPED)
@pytest.mark.parametrize("spacing", ["trailing", "linspace", "quadratic", "logsnr", "karras"])
def test_grids_from_the_noisy_end_are_not(path, spacing):
    denoise = Denoiser(lambda x, t: x * 0.1, path, "v")
    assert not said(lambda: samplers.sample(samplers.ddim, denoise, prior(path), path, path.grid(10, spacing)))


def test_neither_is_a_start_where_hardly_any_data_are_left():
    path = schedules.ddpm_linear()
    denoise = Denoiser(lambda x, t: x * 0.1, path)
    assert not said(lambda: samplers.sample(samplers.ddim, denoise, prior(path), path, path.grid(10, "leading")))
    assert 0.01 < path.alpha(901.0) < 0.05


def test_neither_is_an_x_of_ones_own():
    data, noise = torch.ones(3, 2), prior()
    start = COSINE.add_noise(data, noise, 901.0)
    written = prior()
    written.add_(0.1)
    for x in (start, written, noise.clone(), torch.randn(3, 2)):
        assert not said(lambda x=x: samplers.sample(samplers.ddim, DENOISE, x, COSINE, COSINE.grid(10, "leading")))
        assert not said(lambda x=x: generate(DENOISE, x, steps=10, spacing="leading"))
    assert not said(
        lambda: samplers.sample(samplers.ddim_inversion, DENOISE, prior(), COSINE, COSINE.grid(4, "leading"))
    )


def test_it_can_be_silenced_by_its_kind():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", StartWarning)
        generate(DENOISE, 3, steps=10, spacing="leading")


def test_noise_of_inference_mode_samples_as_well():
    with torch.inference_mode():
        samplers.sample(samplers.ddim, DENOISE, prior(), COSINE, COSINE.grid(2))


@pytest.mark.parametrize("name", [*GRIDDED, "dpm_solver_adaptive"])
@pytest.mark.parametrize(
    "change, message",
    [
        ({"x": torch.full((2, 2), torch.nan)}, "NaN"),
        ({"x": torch.zeros(2, 2, dtype=torch.long)}, "floating-point"),
        ({"x": torch.zeros(0, 2)}, "at least 1"),
        ({"x": torch.zeros(2, 3)}, r"samples of shape \(2,\)"),
        ({"path": schedules.cosine()}, "was made for"),
        ({"times": (1000.0,)}, "at least two"),
        ({"times": (10.0, 20.0)}, "fall strictly"),
        ({"times": (10.0, 10.0)}, "fall strictly"),
        ({"times": (2000.0, 0.0)}, r"lie in \[0, T\]"),
        ({"times": (10.0, -1.0)}, r"lie in \[0, T\]"),
    ],
)
def test_bad_arguments_raise_at_the_call(name, change, message):
    good = {"denoise": MIXTURE.denoiser(LINEAR), "x": torch.zeros(2, 2), "path": LINEAR, "times": (1000.0, 0.0)}
    with pytest.raises(ValueError, match=message):
        samplers.ALL[name](**good | change)  # no next()


def test_x_must_stand_where_the_network_does():
    network = torch.nn.Linear(2, 2, device="meta")
    denoise = Denoiser(lambda x, t: x, LINEAR)
    assert denoise.device is None and Denoiser(network, LINEAR).device == torch.device("meta")
    with pytest.raises(ValueError, match=r'stands on meta and x on cpu; move one: x\.to\("meta"\)'):
        samplers.ddim(Denoiser(network, LINEAR), torch.zeros(2, 2), LINEAR, LINEAR.grid(3))


def test_times_that_are_no_numbers_are_said():
    for times in (5, "soon", [[1.0, 0.0]], None, [1.0, None]):
        with pytest.raises(ValueError, match="times must be a sequence of numbers"):
            samplers.ddim(MIXTURE.denoiser(LINEAR), torch.zeros(2, 2), LINEAR, times)

"""Networks of `diffusers` as denoisers: shown their own count of times, told classes or words, sampled alike."""

import pytest
import torch

from diffusion_lessons import samplers
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.guidance.classifier_free import classifier_free
from diffusion_lessons.pipelines.configs import why_no_pipelines
from diffusion_lessons.pipelines.theirs import denoiser_of

if reason := why_no_pipelines():
    pytest.skip(reason, allow_module_level=True)

import diffusers

from diffusion_lessons.pipelines.schedulers import LessonScheduler

LEVELS = {"sample_size": 8, "block_out_channels": (32,), "layers_per_block": 1, "up_block_types": ("UpBlock2D",)}
CONFIG = diffusers.DDIMScheduler(
    prediction_type="v_prediction", clip_sample=False, beta_schedule="scaled_linear"
).config


def unet(**options):
    torch.manual_seed(0)
    return diffusers.UNet2DModel(
        in_channels=1, out_channels=1, down_block_types=("DownBlock2D",), **LEVELS, **options
    ).eval()


def noise(denoise, rows=2):
    return denoise.path.prior((rows, *denoise.shape), torch.Generator().manual_seed(1))


def test_a_unet_is_shown_times_from_0():
    denoise = denoiser_of(unet(), CONFIG)
    x = noise(denoise)
    assert denoise.shape == (1, 8, 8) and denoise.predicts == "v" and denoise.classes is None
    v = denoise.network.network(x, 499).sample
    alpha, sigma = denoise.path.alpha(500.0), denoise.path.sigma(500.0)
    torch.testing.assert_close(denoise(x, 500.0).x0, alpha * x - sigma * v, rtol=1e-5, atol=1e-5)


def test_the_loop_of_a_pipeline_and_ours_end_alike():
    denoise = denoiser_of(unet(), CONFIG)
    scheduler = LessonScheduler.from_config(CONFIG, sampler="dpm_solver_pp_2s", timestep_spacing="trailing")
    scheduler.set_timesteps(3)
    x = start = noise(denoise)
    with torch.no_grad():
        for t in scheduler.timesteps:
            x = scheduler.step(denoise.network.network(x, t).sample, t, x).prev_sample
    ours = samplers.sample(samplers.dpm_solver_pp_2s, denoise, start, denoise.path, denoise.path.grid(3))
    torch.testing.assert_close(x, ours, rtol=1e-4, atol=1e-4)


def test_a_transformer_is_told_classes_and_its_variances_are_left_out():
    torch.manual_seed(0)
    network = diffusers.DiTTransformer2DModel(
        num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=1, sample_size=8,
        num_embeds_ada_norm=10, norm_elementwise_affine=False, patch_size=2,
    )  # fmt: skip
    denoise = denoiser_of(network, CONFIG)
    x = noise(denoise)
    assert denoise.classes == 10  # and 10 is the null, which DiTPipeline takes to be 1000
    told = condition_on(denoise, torch.tensor([3, 7]))(x, 400.0)
    wanted = network(x, torch.tensor([399, 399]), class_labels=torch.tensor([3, 7])).sample[:, :4]
    alpha, sigma = denoise.path.alpha(400.0), denoise.path.sigma(400.0)
    torch.testing.assert_close(told.x0, alpha * x - sigma * wanted, rtol=1e-5, atol=1e-5)
    assert classifier_free(denoise, torch.tensor([3, 7]), 2.0)(x, 400.0).x0.shape == x.shape


def test_a_unet_of_words_is_told_embeddings():
    torch.manual_seed(0)
    network = diffusers.UNet2DConditionModel(
        in_channels=4, out_channels=4, down_block_types=("CrossAttnDownBlock2D",), cross_attention_dim=8,
        attention_head_dim=8, mid_block_type=None, **{**LEVELS, "up_block_types": ("CrossAttnUpBlock2D",)},
    )  # fmt: skip
    with pytest.raises(ValueError, match="give null"):
        denoiser_of(network, CONFIG)
    empty, words = torch.zeros(1, 5, 8), torch.randn(1, 5, 8)
    denoise = denoiser_of(network, CONFIG, null=empty)
    x = noise(denoise)
    guided = classifier_free(denoise, words, 3.0)(x, 400.0).x0
    plain, told = denoise(x, 400.0).x0, condition_on(denoise, words)(x, 400.0).x0
    assert (plain - told).abs().max() > 1e-5
    torch.testing.assert_close(guided, plain + 3.0 * (told - plain), rtol=1e-4, atol=1e-4)


def test_a_network_that_is_called_otherwise_says_how():
    config = diffusers.FlowMatchEulerDiscreteScheduler().config
    denoise = denoiser_of(torch.nn.Identity(), config, call=lambda n, x, i, c: n(i).view(-1, 1) * x)
    assert denoise.predicts == "velocity"
    torch.testing.assert_close(denoise(torch.ones(2, 3), 0.25).x0, torch.ones(2, 3) - 0.25 * 250)

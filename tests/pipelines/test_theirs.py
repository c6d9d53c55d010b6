"""Networks of `diffusers` as denoisers, sampled by our loop and by the pipelines of `diffusers` with our schedulers."""

import pytest
import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.guidance.classifier_free import classifier_free
from diffusion_lessons.pipelines.configs import why_no_pipelines
from diffusion_lessons.pipelines.theirs import denoiser_of

if reason := why_no_pipelines():
    pytest.skip(reason, allow_module_level=True)

import diffusers

from diffusion_lessons.pipelines.schedulers import LessonFlowScheduler, LessonScheduler

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
    network = dit(10).transformer
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


def test_one_pipeline_puts_its_own_scheduler_in_the_place_of_ours():
    """`DDIMPipeline` makes a DDIMScheduler of whatever it is given; `DDPMPipeline` keeps it."""
    network = unet()
    mine = LessonScheduler(sampler="dpm_solver_pp_2m", timestep_spacing="trailing")
    assert type(diffusers.DDIMPipeline(network, mine).scheduler) is diffusers.DDIMScheduler
    kept = diffusers.DDPMPipeline(network, mine)
    kept.set_progress_bar_config(disable=True)
    assert kept.scheduler is mine
    assert kept(num_inference_steps=2, output_type="np").images.shape == (1, 8, 8, 1)


def dit(classes):
    """DiT's pipeline with a tiny transformer and decoder of random weights, and a scheduler of ours."""
    torch.manual_seed(0)
    transformer = diffusers.DiTTransformer2DModel(
        num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=1, sample_size=8,
        num_embeds_ada_norm=classes, norm_elementwise_affine=False, patch_size=2,
    )  # fmt: skip
    decoder = diffusers.AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, latent_channels=4)
    scheduler = LessonScheduler(beta_schedule="linear", sampler="dpm_solver_pp_2s", timestep_spacing="trailing")
    pipe = diffusers.DiTPipeline(transformer.eval(), decoder.eval(), scheduler)
    pipe.set_progress_bar_config(disable=True)
    assert pipe.scheduler is scheduler
    return pipe


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_the_pipeline_of_dit_draws_as_our_loop_does(scale):
    """Guided as well: it doubles the batch, calls `step` on both halves, and has variances beside the noise."""
    pipe, labels = dit(1000), torch.tensor([3, 7])
    made = pipe(
        labels.tolist(), guidance_scale=scale, num_inference_steps=4, output_type="pt",
        generator=torch.Generator().manual_seed(2),
    ).images  # fmt: skip
    denoise = denoiser_of(pipe.transformer, pipe.scheduler.config)
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    guided = classifier_free(denoise, labels, scale)
    x = samplers.sample(samplers.dpm_solver_pp_2s, guided, x, denoise.path, denoise.path.grid(4))
    with torch.no_grad():
        ours = pipe.vae.decode(x / pipe.vae.config.scaling_factor).sample
    torch.testing.assert_close(made, (ours / 2 + 0.5).clamp(0, 1), rtol=1e-4, atol=1e-4)
    assert made.std() > 0.01


def test_the_pipeline_of_dit_takes_class_1000_for_none_whatever_the_network():
    """With ten classes the null is 10, and its pipeline asks for an embedding that is not there."""
    with pytest.raises(IndexError):
        dit(10)([3], guidance_scale=3.0, num_inference_steps=2)
    assert denoiser_of(dit(10).transformer, LessonScheduler().config).classes == 10


def sd3(decoder=None):
    """SD3's pipeline with a tiny transformer of random weights, without encoders, and what to ask it for."""
    torch.manual_seed(0)
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, num_layers=1, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=16, caption_projection_dim=16, pooled_projection_dim=8, out_channels=4,
        pos_embed_max_size=8,
    )  # fmt: skip
    scheduler = LessonFlowScheduler(shift=3.0, sampler="heun")
    pipe = diffusers.StableDiffusion3Pipeline(transformer, scheduler, decoder, None, None, None, None, None, None)
    pipe.set_progress_bar_config(disable=True)
    asked = {"prompt_embeds": torch.randn(1, 5, 16), "pooled_prompt_embeds": torch.randn(1, 8)}
    return pipe, asked | {"latents": torch.randn(1, 4, 8, 8), "height": 64, "width": 64, "guidance_scale": 1.0}


def test_the_pipeline_of_sd3_draws_with_heun_as_our_loop_does():
    pipe, asked = sd3()
    made = pipe(num_inference_steps=3, output_type="latent", **asked).images

    def call(x, t):
        told = {"encoder_hidden_states": asked["prompt_embeds"], "pooled_projections": asked["pooled_prompt_embeds"]}
        return pipe.transformer(x, timestep=1000 * t, **told).sample

    path = schedules.flow()
    times = [3 * t / (1 + 2 * t) for t in path.grid(3)]
    ours = samplers.sample(samplers.heun, Denoiser(call, path, "velocity"), asked["latents"], path, times)
    torch.testing.assert_close(made, ours, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shift", [None, 0.1])
def test_the_pipeline_of_sd3_decodes_only_with_a_shift_factor(shift):
    parts = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    decoder = diffusers.AutoencoderKL(block_out_channels=(8,) * 4, norm_num_groups=4, shift_factor=shift, **parts)
    pipe, asked = sd3(decoder)
    if shift is None:
        with pytest.raises(TypeError, match="NoneType"):
            pipe(num_inference_steps=1, output_type="np", **asked)
    else:
        assert pipe(num_inference_steps=1, output_type="np", **asked).images.shape == (1, 64, 64, 3)


def test_the_pipeline_of_stable_diffusion_rewrites_an_offset_and_clipping():
    """And ours follows the config that it finds, so that latents are not clipped behind its back."""
    mine = LessonScheduler(sampler="ddim", steps_offset=0, clip_sample=True)
    with pytest.warns(FutureWarning, match="steps_offset|clip_sample"):
        pipe = diffusers.StableDiffusionPipeline(
            vae=None, text_encoder=None, tokenizer=None, unet=None, scheduler=mine, safety_checker=None,
            feature_extractor=None, requires_safety_checker=False,
        )  # fmt: skip
    assert pipe.scheduler is mine and mine.config.steps_offset == 1 and mine.config.clip_sample is False
    mine.set_timesteps(4)
    assert mine.limit is None

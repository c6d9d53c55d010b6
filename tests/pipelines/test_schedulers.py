"""Our samplers as schedulers: equal to ours and, where theirs is right, to those of `diffusers`; saved and loaded."""

import pytest
import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers.clipping import clip
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.pipelines.configs import PREDICTS, why_no_pipelines

if reason := why_no_pipelines():
    pytest.skip(reason, allow_module_level=True)

from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler

from diffusion_lessons.pipelines.schedulers import LessonFlowScheduler, LessonScheduler

DIFFUSION = {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"}


def predict(x, index):
    """A network of `diffusers`, made up: bent in x, and in its own count of times."""
    return torch.tanh(1.2 * x) * 0.5 - 0.3 * x * index / 1000


def start(path, dtype=torch.float64):
    return path.prior((3, 1, 2, 2), torch.Generator().manual_seed(0), dtype=dtype)


def run(scheduler, x, steps, **options):
    """What a pipeline does, reduced to its loop."""
    scheduler.set_timesteps(steps, **options)
    for t in scheduler.timesteps:
        x = scheduler.step(predict(x, t), t, x).prev_sample
    return x


def ours(sampler, x, path, predicts, times, limit=None):
    shown = (lambda t: t - 1) if path.whole_times else (lambda t: 1000 * t)
    denoise = Denoiser(lambda x, t: predict(x, shown(t).view(-1, 1, 1, 1)), path, predicts)
    denoise = clip(denoise, limit, rederive=True) if limit else denoise
    return samplers.sample(samplers.get(sampler), denoise, x, path, times)


@pytest.mark.parametrize("name", ["ddim", "dpm_solver_pp_2m", "dpm_solver_pp_2s", "dpm_solver_pp_3m", "dpm_solver_3"])
@pytest.mark.parametrize("kind", ["epsilon", "sample", "v_prediction"])
def test_the_scheduler_does_what_the_sampler_does(name, kind):
    path, x = schedules.cosine(), start(schedules.cosine())
    scheduler = LessonScheduler(beta_schedule="squaredcos_cap_v2", prediction_type=kind, sampler=name)
    theirs = ours(name, x, path, PREDICTS[kind], path.grid(6))
    error = (run(scheduler, x, 6) - theirs).norm() / theirs.norm()
    assert error < 1e-4, error  # timesteps are float32, as everywhere in `diffusers`


@pytest.mark.parametrize("name", ["euler", "heun", "midpoint", "dpm_solver_pp_2m"])
@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_the_flow_scheduler_does_what_the_sampler_does(name, shift):
    path, x = schedules.flow(), start(schedules.flow())
    times = [shift * t / (1 + (shift - 1) * t) for t in path.grid(5)]
    scheduler = LessonFlowScheduler(shift=shift, sampler=name)
    torch.testing.assert_close(run(scheduler, x, 5), ours(name, x, path, "velocity", times), rtol=1e-5, atol=1e-5)


def test_methods_of_two_stages_are_unrolled():
    scheduler = LessonScheduler(sampler="dpm_solver_pp_2s", timestep_spacing="trailing")
    scheduler.set_timesteps(4)
    assert scheduler.order == 2 and len(scheduler.timesteps) == 7  # the step to sigma = 0 has no inner point
    assert LessonScheduler(sampler="ddim").order == 1
    heun = LessonFlowScheduler(sampler="heun")
    heun.set_timesteps(2)
    assert heun.timesteps.tolist() == [1000, 500, 500]


@pytest.mark.parametrize("steps", [5, 7, 10, 16, 20])
def test_2m_agrees_with_that_of_diffusers(steps):
    """On the trailing grid, which has the same times in both."""
    x = start(schedules.cosine(), torch.float32)
    theirs = DPMSolverMultistepScheduler(**DIFFUSION, timestep_spacing="trailing", final_sigmas_type="zero")
    assert (run(theirs, x, steps) - run(LessonScheduler(**DIFFUSION), x, steps)).abs().max() < 1e-5


def test_euler_on_the_flow_path_agrees_with_that_of_diffusers():
    x = start(schedules.flow(), torch.float32)
    sigmas = [1.0, 0.75, 0.5, 0.25]
    for shift in (1.0, 3.0):
        theirs, mine = FlowMatchEulerDiscreteScheduler(shift=shift), LessonFlowScheduler(shift=shift)
        assert (run(theirs, x, None, sigmas=sigmas) - run(mine, x, None, sigmas=sigmas)).abs().max() < 1e-5
    theirs = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    mine = LessonFlowScheduler(use_dynamic_shifting=True)
    made = [run(one, x, None, sigmas=sigmas, mu=0.8) for one in (theirs, mine)]
    assert (made[0] - made[1]).abs().max() < 1e-5


def ddim_of_diffusers(steps):
    return run(
        DDIMScheduler(**DIFFUSION, timestep_spacing="trailing", clip_sample=False),
        start(schedules.cosine(), torch.float32),
        steps,
    )


def test_ddim_agrees_with_that_of_diffusers_only_where_the_steps_divide_a_thousand():
    """Theirs steps to t - T // N whatever the next time of its grid is, so that it stands where nothing is asked."""
    for steps in (5, 10, 20, 7, 12, 30):
        mine = run(LessonScheduler(**DIFFUSION, sampler="ddim"), start(schedules.cosine(), torch.float32), steps)
        error = (ddim_of_diffusers(steps) - mine).abs().max()
        assert error < 1e-5 if 1000 % steps == 0 else error > 1e-4, (steps, error)


def test_clipping_keeps_the_noise_consistent():
    path, x = schedules.cosine(), start(schedules.cosine())
    scheduler = LessonScheduler(**DIFFUSION, sampler="ddim", clip_sample=True, clip_sample_range=0.4)
    wanted = ours("ddim", x, path, "v", path.grid(5), limit=0.4)
    torch.testing.assert_close(run(scheduler, x, 5), wanted, rtol=1e-4, atol=1e-5)


def test_it_clips_on_the_grid_it_was_made_with_as_well():
    scheduler = LessonScheduler(**DIFFUSION, sampler="ddim", clip_sample=True, clip_sample_range=0.4)
    x0 = scheduler.step(torch.ones(1, 1, 2, 2), scheduler.timesteps[0], torch.zeros(1, 1, 2, 2)).pred_original_sample
    assert float(x0.abs().max()) == pytest.approx(0.4)


def test_it_is_saved_and_loaded_and_made_from_other_configs(tmp_path):
    LessonScheduler(**DIFFUSION, sampler="dpm_solver_pp_3m", options={"corrected": True}).save_pretrained(tmp_path)
    again = LessonScheduler.from_pretrained(tmp_path)
    assert again.sampler.info.name == "dpm_solver_pp_3m" and again.options == {"corrected": True}
    assert again.predicts == "v" and again.path == schedules.cosine()
    made = LessonScheduler.from_config(DDIMScheduler(**DIFFUSION, clip_sample=False).config, sampler="ddim")
    assert made.predicts == "v" and made.sampler.info.name == "ddim"
    flow = LessonFlowScheduler.from_config(FlowMatchEulerDiscreteScheduler(shift=3.0).config)
    assert flow.config.shift == 3.0
    assert DPMSolverMultistepScheduler.from_config(made.config).config.prediction_type == "v_prediction"


def test_a_run_may_begin_late_and_a_method_starts_without_a_history():
    path = schedules.cosine()
    scheduler = LessonScheduler(**DIFFUSION)
    scheduler.set_timesteps(6)
    x = start(path)
    for t in (left := scheduler.timesteps[2:]):
        x = scheduler.step(predict(x, t), t, x, return_dict=False)[0]
    late = ours("dpm_solver_pp_2m", start(path).clone(), path, "v", path.grid(6)[2:])
    assert len(left) == 4
    torch.testing.assert_close(x, late, rtol=1e-4, atol=1e-5)


def test_noise_is_added_as_the_path_says():
    clean, noise = torch.ones(2, 1, 2, 2), torch.full((2, 1, 2, 2), 0.5)
    theirs, mine = DDIMScheduler(**DIFFUSION), LessonScheduler(**DIFFUSION)
    at = torch.tensor([10, 700])
    torch.testing.assert_close(mine.add_noise(clean, noise, at), theirs.add_noise(clean, noise, at))
    flow = LessonFlowScheduler().scale_noise(clean, torch.tensor([250.0]), noise)
    torch.testing.assert_close(flow, 0.75 * clean + 0.25 * noise)


def test_half_precision_is_the_networks_alone():
    scheduler = LessonScheduler(**DIFFUSION)
    scheduler.set_timesteps(4)
    x = start(schedules.cosine(), torch.float16)
    t = scheduler.timesteps[0]
    assert scheduler.step(predict(x, t), t, x).prev_sample.dtype == torch.float16


def test_a_network_that_predicts_variances_is_taken_at_its_mean():
    x = start(schedules.cosine(), torch.float32)
    made = []
    for more in (False, True):
        scheduler = LessonScheduler(**DIFFUSION)
        scheduler.set_timesteps(3)
        t = scheduler.timesteps[0]
        output = predict(x, t)
        made.append(scheduler.step(torch.cat([output, output * 9], dim=1) if more else output, t, x).prev_sample)
    assert torch.equal(*made)


def test_what_cannot_be_done_is_refused_in_words():
    with pytest.raises(ValueError, match="ddpm adds fresh noise"):
        LessonScheduler(sampler="ddpm")
    with pytest.raises(ValueError, match="use_karras_sigmas is not supported"):
        LessonFlowScheduler(use_karras_sigmas=True)
    with pytest.raises(ValueError, match="asks for mu"):
        LessonFlowScheduler(use_dynamic_shifting=True).set_timesteps(4)
    scheduler = LessonScheduler(**DIFFUSION)
    scheduler.set_timesteps(4)
    x = start(schedules.cosine())
    with pytest.raises(ValueError, match="timestep 3 is out of turn \\(999 is due\\)"):
        scheduler.step(x, 3, x)

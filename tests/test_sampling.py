"""From words to samples."""

import pytest
import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers import Denoiser, clip, count_calls
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.sampling import generate, label_number, times_for

PATH = schedules.cosine()
NAMES = ["cat", "7", "1"]  # a name may look like another class's number


def network(x, t, condition):
    return torch.tanh(x + condition.view(-1, 1, 1, 1))


DENOISE = Denoiser(network, PATH, "v", classes=3, shape=(1, 4, 4), card={"classes": NAMES})


def test_it_is_guidance_clipping_and_a_sampler():
    states = generate(
        DENOISE, 3, labels=["cat", 7], scale=3.0, negative="1", sampler="dpm_solver_pp_2m", steps=5, seed=4
    )
    x = PATH.prior((3, 1, 4, 4), torch.Generator().manual_seed(4))
    guided = clip(classifier_free(DENOISE, [0, 1, 0], 3.0, negative=2))
    assert torch.equal(states[-1].x, samplers.sample(samplers.dpm_solver_pp_2m, guided, x, PATH, PATH.grid(5)))
    assert len(states) == 6 and states[0].x0 is None


@pytest.mark.parametrize("name", samplers.ALL)
def test_one_seed_one_result_with_every_sampler(name):
    one, again, other = (generate(DENOISE, 2, sampler=name, steps=4, seed=seed)[-1].x for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_clipping_may_be_left_out_and_options_reach_the_sampler():
    wide = Denoiser(lambda x, t: 5 * torch.ones_like(x), PATH, "x0", shape=(1, 2, 2))
    assert generate(wide, 1, steps=2)[-1].x.max() <= 1.0
    assert generate(wide, 1, steps=2, limit=None)[-1].x.min() == 5.0
    plain, noisy = (generate(DENOISE, 2, steps=4, eta=eta)[-1].x for eta in (0.0, 1.0))
    assert not torch.equal(plain, noisy)


def test_no_labels_are_no_condition():
    counted = count_calls(DENOISE)
    states = generate(counted, 2, steps=4, scale=3.0)
    assert counted.nfe == 4 and states[-1].x.shape == (2, 1, 4, 4)


def test_labels_by_name_or_number():
    assert [label_number(DENOISE, each) for each in ("cat", "CAT", "7", 7, "1", "0", 0)] == [0, 0, 1, 1, 2, 0, 0]
    with pytest.raises(ValueError, match="classes are cat, 7, 1"):
        label_number(DENOISE, "dog")


def test_adaptive_samplers_get_the_ends():
    assert times_for(samplers.dpm_solver_adaptive, PATH, 10) == (1000.0, 0.0)
    assert times_for(samplers.ddim, PATH, 10, "quadratic") == PATH.grid(10, "quadratic")


def test_errors_say_what_to_do():
    cases = {
        "unknown sampler": {"sampler": "nope"},
        "needs a label": {"negative": 1},
        "unknown spacing": {"spacing": "nope"},
        "0..2": {"labels": [9]},
    }
    for message, options in cases.items():
        with pytest.raises(ValueError, match=message):
            generate(DENOISE, 1, **options)
    with pytest.raises(ValueError, match="at least 1"):
        generate(DENOISE, 0)
    with pytest.raises(ValueError, match="shape of one sample"):
        generate(Denoiser(network, PATH, "v", classes=3), 1)

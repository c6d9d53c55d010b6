"""Kept features: nothing changes where nothing is kept, and what is kept belongs to one batch of one trajectory."""

import pytest
import torch

from diffusion_lessons import load, samplers
from diffusion_lessons.denoisers import Denoiser, clip
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.networks import UNet, UNetConfig
from diffusion_lessons.optimise.feature_cache import reuse_features
from diffusion_lessons.sampling import in_precision
from diffusion_lessons.schedules import cosine


@pytest.fixture
def denoise():
    torch.manual_seed(0)
    network = UNet(UNetConfig(widths=(16, 16), classes=3)).eval()
    torch.nn.init.normal_(network.out.weight, std=0.1)
    return Denoiser(network, cosine(), "v", classes=3, shape=(1, 8, 8))


def run(denoise, times=None, seed=0):
    x = torch.randn(4, *denoise.shape, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        states = list(samplers.ddim(denoise, x, denoise.path, times or denoise.path.grid(9)))
    return states[-1].x


def test_every_1_changes_no_bit(denoise):
    assert torch.equal(run(reuse_features(denoise, 1)), run(denoise))


@pytest.mark.parametrize("every", [2, 3, 4])
def test_the_deep_part_runs_at_every_kth_time_only(denoise, every):
    faster = reuse_features(denoise, every)
    calls = []
    faster.network.deep.part.register_forward_hook(lambda *_: calls.append(1))
    assert not torch.equal(run(faster), run(denoise))
    ran = -(-9 // every)
    assert len(calls) == faster.network.ran == ran and faster.network.reused == 9 - ran


def test_a_second_trajectory_begins_anew(denoise):
    faster = reuse_features(denoise, 3)
    first = run(faster)
    run(faster, seed=1)
    assert torch.equal(run(faster), first)


def test_the_denoiser_that_it_was_made_from_is_as_before_and_shares_its_weights(denoise):
    before = run(denoise)
    faster = reuse_features(denoise, 2)
    run(faster)
    assert torch.equal(run(denoise), before)
    own = {weight.data_ptr() for weight in denoise.network.parameters()}
    assert {weight.data_ptr() for weight in faster.network.parameters()} == own


def test_features_on_a_line_are_forecast_exactly_and_repeated_ones_are_not(denoise):
    """The deep part replaced by one whose features are a line in t."""
    faster = {order: reuse_features(denoise, 3, order=order) for order in (0, 1)}

    class Line(torch.nn.Module):
        def forward(self, h, embedding):
            return torch.full_like(h, slope * now[0] + 1.0)

    slope, now = 0.01, [0.0]
    exact = reuse_features(denoise, 1)
    for one in (*faster.values(), exact):
        one.network.deep.part = Line()
    for number, t in enumerate((900.0, 800.0, 700.0, 600.0, 500.0)):
        now[0] = t
        x = torch.ones(1, 1, 8, 8)
        with torch.no_grad():
            true, repeated, line = (one(x, t).x0 for one in (exact, faster[0], faster[1]))
        if number == 4:  # after the answers at 900 and 600
            torch.testing.assert_close(line, true)
            assert (repeated - true).abs().max() > 1e-4


def test_guidance_in_two_passes_keeps_two_sets_of_features(denoise):
    def guided(one, batched):
        return run(classifier_free(one, 1, 2.0, batched=batched))

    passes, together = reuse_features(denoise, 2), reuse_features(denoise, 2)
    torch.testing.assert_close(guided(passes, False), guided(together, True), atol=1e-4, rtol=1e-4)
    assert passes.network.ran == 2 * together.network.ran


def test_it_works_on_a_network_that_ships():
    denoise = load("digits-diffusion")
    assert (
        run(reuse_features(denoise, 2), denoise.path.grid(20)) - run(denoise, denoise.path.grid(20))
    ).square().mean() < 0.1


def test_what_cannot_be_done_is_said(denoise):
    for every in (0, True, 1.5):
        with pytest.raises(ValueError, match="every is a whole number"):
            reuse_features(denoise, every)
    with pytest.raises(ValueError, match="order is 0"):
        reuse_features(denoise, order=2)
    with pytest.raises(ValueError, match="before guidance"):
        reuse_features(clip(denoise))
    with pytest.raises(ValueError, match="keeps features already"):
        reuse_features(reuse_features(denoise))
    with pytest.raises(ValueError, match="holds none"):
        reuse_features(Denoiser(torch.nn.Linear(2, 2), cosine(), "v"))


@pytest.mark.parametrize("order", ["before", "after"])
def test_half_precision_rounds_products_only_whichever_comes_first(denoise, order):
    if order == "before":
        both = reuse_features(in_precision(denoise, "bfloat16"), 1)
    else:
        both = in_precision(reuse_features(denoise, 1), "bfloat16")
    assert both.dtype == torch.bfloat16
    assert torch.equal(run(both), run(in_precision(denoise, "bfloat16")))


def test_nothing_of_a_finished_trajectory_is_kept(denoise):
    faster = reuse_features(denoise, 2)
    guided = classifier_free(faster, 1, 2.0, batched=False)
    run(guided)
    assert len(faster.network.kept) == 2
    run(faster)
    assert len(faster.network.kept) == 1

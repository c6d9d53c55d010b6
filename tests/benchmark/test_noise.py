"""Noise against none: paired within seeds, and the tables that ship hold what their plan says."""

import dataclasses

import pytest

from diffusion_lessons.benchmark import noise, table
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.metrics.scores import Score
from diffusion_lessons.samplers import get
from tests.made import row

FIRST = noise.PAIRS["digits-diffusion"][0]


def drawn(settings, seed, frechet):
    made = row("digits-diffusion", "ddim", 5, frechet)
    quality = {"frechet": Score(frechet, 0.1, 0.1, 0.01, 297)}
    return dataclasses.replace(made, settings=settings, seed=seed, quality=quality, nfe=float(settings.steps))


def test_pairs_spend_the_same_and_differ_in_the_noise_alone():
    for pairs in noise.PAIRS.values():
        for noisy, plain in pairs:
            assert (noisy.sampler, noisy.steps) == (plain.sampler, plain.steps) and noisy.options != plain.options
            assert get(noisy.sampler).info.nfe(noisy.steps) == get(plain.sampler).info.nfe(plain.steps)


def test_what_is_compared_is_paired_within_a_seed():
    """The luck of a seed is large and shared; the excess is 0.2 in each, give or take 0.1."""
    rows = []
    for seed, (plain, excess) in enumerate([(1.0, 0.1), (5.0, 0.2), (9.0, 0.3)]):
        for pair in noise.PAIRS["digits-diffusion"]:
            rows += [drawn(pair.plain, seed, plain), drawn(pair.noisy, seed, plain * (1 + excess))]
    rows.append(drawn(FIRST.noisy, 3, 100.0))  # its pair was not drawn
    found = noise.comparisons("digits-diffusion", rows)[0]
    assert found.ratios == pytest.approx((0.1, 0.2, 0.3)) and found.evaluations == 5
    assert found.excess.n == pytest.approx(0.2) and found.excess.s == pytest.approx(0.1 / 3**0.5)


def test_one_seed_is_too_few():
    with pytest.raises(NotMeasured, match="from two seeds at least"):
        noise.comparisons("digits-diffusion", [drawn(FIRST.noisy, 0, 1.0), drawn(FIRST.plain, 0, 1.0)])


@pytest.mark.parametrize("name", noise.PAIRS)
def test_what_ships_is_of_the_network_that_ships_and_of_all_pairs(name):
    found = noise.shipped_comparisons(name)
    assert [one.pair for one in found] == noise.PAIRS[name]
    assert all(len(one.ratios) == noise.SEEDS for one in found)


def test_it_measures_every_seed_into_one_table(tmp_path, monkeypatch, capsys):
    asked = []

    def sweep(denoise, settings, file, *, seed, **options):
        asked.append((denoise, file.name, seed, options["samples"]))
        return [drawn(one, seed, 1.0 + 0.1 * (one == FIRST.noisy) + 0.01 * seed) for one in settings]

    monkeypatch.setattr(noise, "sweep", sweep)
    monkeypatch.setattr(noise, "of_images", lambda name: name)
    monkeypatch.setattr(noise.checkpoints, "load", lambda name: name)
    assert noise.main(["digits-diffusion", "--seeds", "2", "--out", str(tmp_path)]) == 0
    assert asked == [("digits-diffusion", f"digits-diffusion-noise{table.SUFFIX}", seed, 297) for seed in (0, 1)]
    assert "5 evaluations, exponential_sde" in capsys.readouterr().out
    for wrong in (["mnist-flow"], ["--seeds", "1"]):
        with pytest.raises(SystemExit):
            noise.main(wrong)

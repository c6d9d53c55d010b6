"""The panel of techniques: its star stands on a measured row or nowhere, and what cannot be combined says why."""

import pytest

from diffusion_lessons.benchmark.techniques.step_curve import is_plain
from diffusion_lessons.benchmark.techniques.technique_table import at_batch, compared, shipped_techniques
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.panels.quality.faster import SOLVER, Choice, found, techniques_panel

ROWS = shipped_techniques("mnist-small-diffusion")
UNGUIDED = {batch: [row for row in at_batch(ROWS, batch) if row.settings.scale == 1] for batch in (1, 25)}
SAID = {"better": "It beats taking fewer", "worse": "Taking fewer steps beats", "undecided": "is not told from"}
ALONE = [
    Choice(Techniques(int8=True), False, False, 10),
    Choice(Techniques(compile=True), False, False, 10),
    Choice(Techniques(blocks=("", "")), False, False, 10),
    Choice(Techniques(features=3), False, False, 10),
    Choice(Techniques(), True, False, 10),
    Choice(Techniques(), False, True, 10),
]


def test_with_nothing_switched_on_it_stands_on_the_plain_run():
    start, verdict, words = found(UNGUIDED[25], Choice(Techniques(), False, False, 10), "drift")
    assert is_plain(start) and (start.settings.sampler, start.settings.steps) == (SOLVER, 10)
    assert verdict is None and words.startswith("Nothing is switched on: 10 steps")
    assert f"{start.quality['drift'].value:.3g}" in words


@pytest.mark.parametrize("metric", ["drift", "frechet"])
@pytest.mark.parametrize("batch", [1, 25])
@pytest.mark.parametrize("choice", ALONE)
def test_the_verdict_is_that_of_the_one_row_that_was_measured(choice, batch, metric):
    assert sum(map(choice.matches, UNGUIDED[batch])) == 1
    _, verdict, words = found(UNGUIDED[batch], choice, metric)
    same = [one for one in compared(ROWS, batch, metric) if one.row == verdict.row]
    assert [one._replace(rival=None) for one in same] == [verdict._replace(rival=None)]
    assert [str(one) for one in same] == [str(verdict)]  # and its rival; a share that is measured twice equals no other
    assert SAID[verdict.word] in words and f"{verdict.row.quality[metric].value:.3g}" in words


def test_half_precision_is_slower_alone_and_faster_among_many():
    times = {
        batch: found(UNGUIDED[batch], ALONE[4], "drift")[2].partition("steps, ")[2].split()[0] for batch in (1, 25)
    }
    assert float(times[1]) < 1 < float(times[25])


def test_what_was_not_measured_together_names_the_command_that_does():
    _, verdict, words = found(UNGUIDED[25], Choice(Techniques(blocks=("",)), False, True, 10), "drift")
    assert verdict is None and "not measured together" in words
    assert "optimise mnist-small-diffusion --drop-blocks 1 --place-steps --steps 10 --out mine.json" in words


def test_a_switch_moves_the_star():
    panel = techniques_panel(ROWS)
    picture = panel.image.value
    panel.controls["int8"].value = True
    assert panel.image.value != picture and "times as fast as plain" in panel.alt


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("half", True, "int8 decides what products are computed in"),
        ("compiled", True, "int8 is compiled already"),
        ("features", 2, "kept features leave a part of the network out"),
    ],
)
def test_what_excludes_int8_says_why(name, value, reason):
    panel = techniques_panel(ROWS, int8=True)
    with pytest.raises(ValueError, match=reason):
        panel.controls[name].value = value

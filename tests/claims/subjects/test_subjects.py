"""The claims, their tests and their rules; and the page, whose verdicts its own numbers must bear out.

Every rule is fed numbers made up at each side of its margins, sharp and vague ones, until it has returned every verdict
that it declares: a test that cannot come out one way is no test.
"""

import json
import random
from collections import Counter
from itertools import pairwise, product
from pathlib import Path

import pytest
import torch

import claims
from claims import distances
from claims.evidence import judged, outdated
from claims.numbers import Number, by_name
from claims.page import headline
from claims.subjects import few_steps, flow, scales, speed
from claims.verdicts import FAILS, HOLDS, NOT_YET, UNDECIDED, WHERE, Rule
from diffusion_lessons import samplers, schedules
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.machine import places

PAGE = Path(__file__).resolve().parents[3] / "CLAIMS.md"
LETTERS = {  # the claims of the two texts: a number alone, or the letters of its parts
    1: "ab", 2: "ab", 8: "abc", 9: "ab", 10: "abcd", 12: "abc", 13: "ab", 16: "abcd", 18: "abc", 19: "ab", 22: "a",
    24: "ab", 26: "abc", 27: "ab", 31: "abc",
}  # fmt: skip
NAMES = [f"C{number}{letter}" for number in range(1, 47) for letter in LETTERS.get(number, " ")]
RULES = {(test.claim, test.compares): test.rule for test in claims.TESTS}


def test_the_claims_are_those_of_the_texts():
    expected = [name.strip() for name in NAMES]
    assert sorted(claims.CLAIMS) == sorted([*expected, "C14b"])


@pytest.mark.parametrize("claim", claims.CLAIMS.values(), ids=lambda claim: claim.name)
def test_a_claim_is_one_sentence_with_its_source_and_is_tested_or_waits(claim):
    assert claim.source.startswith(("1", "2")) and claim.statement.endswith(".") and claim.statement[0].isupper()
    assert bool(claims.measurements_of(claim.name)) != bool(claim.waits)


def test_a_claim_and_its_tests_stand_in_one_file():
    files: dict[str, set[str]] = {}
    for test in claims.TESTS:
        files.setdefault(test.claim, set()).add(test.function.__module__)
    assert {name: found for name, found in files.items() if len(found) > 1} == {}


def test_a_case_is_entered_once():
    assert [key for key, count in Counter(test.key for test in claims.TESTS).items() if count > 1] == []


def values(margins: tuple[float, ...]) -> list[tuple[float, float | None]]:
    """Values and errors at each side of the margins: sharp, vague, and exactly on a margin."""
    ends = [margins[0] - 1 - abs(margins[0]), *margins, margins[-1] + 1 + abs(margins[-1])]
    middles = [(low + high) / 2 for low, high in pairwise(ends)]
    near = [(value, error) for error in (1e-6, 100.0) for value in middles]
    return [*near, *((margin, None) for margin in margins)]


def reached(rule: Rule, draws: int = 6000) -> set[str]:
    """The verdicts that made-up numbers lead to."""
    choices = {name: values(margins) for name, margins in rule.margins.items()}
    random_state = random.Random(0)
    found = {rule.word({})} if not choices else set()
    every = product(*choices.values())
    moods = [[options[k % len(options)] for options in choices.values()] for k in range(12)]
    size = 1
    for options in choices.values():
        size *= len(options)
    drawn = every if size <= draws else ([random_state.choice(o) for o in choices.values()] for _ in range(draws))
    for picked in [*moods, *drawn]:
        named = zip(choices, picked, strict=True)
        found.add(rule.word({name: Number(name, *number, 24, 1000) for name, number in named}))
        if found == set(rule.verdicts):
            break
    return found


@pytest.mark.parametrize("key", RULES, ids=lambda key: f"{key[0]}: {key[1][:40]}")
def test_every_verdict_that_a_rule_declares_can_be_reached(key):
    rule = RULES[key]
    assert reached(rule) == set(rule.verdicts)


def test_a_rule_that_can_return_one_verdict_only_reads_no_number():
    for rule in RULES.values():
        assert bool(rule.names) == (len(rule.verdicts) > 1)


def test_each_stored_verdict_follows_from_the_stored_numbers():
    ledger = claims.read()
    assert ledger and judged(ledger) == ledger
    tests = {test.key: test for test in claims.TESTS}
    for name, evidence in ledger.items():
        for one in evidence:
            test = tests[name, one.on]
            if one.numbers and not outdated(test, one):
                assert test.verdict(by_name(one.numbers), one.level) == one.verdict, (name, one.on)
            elif not one.numbers:
                assert one.verdict.word == NOT_YET or not test.rule.names, (name, one.on)


def test_the_ledger_is_that_of_these_claims_and_tests():
    stored = shipped.ledger()
    assert sorted(stored) == sorted(claims.CLAIMS)
    for name, entry in stored.items():
        cases = [test.case.words for test in claims.measurements_of(name)]
        assert [one["on"] for one in entry["evidence"]] == cases, name
        assert (entry["claim"], entry["source"]) == (claims.CLAIMS[name].statement, claims.CLAIMS[name].source)
        assert entry["verdict"] == headline(claims.read()[name], claims.measurements_of(name)).replace("*", "")


def test_a_condition_is_named_in_a_few_words():
    for name, evidence in claims.read().items():
        for one in evidence:
            if one.verdict.word == WHERE:
                condition, _, still_open = one.verdict.note.partition("; undecided: ")
                assert 1 <= len(condition.split()) <= 12 and len(still_open.split()) <= 12, (name, one.verdict.note)


def test_every_number_says_where_it_was_measured():
    for name, evidence in claims.read().items():
        for one in evidence:
            if one.numbers:
                assert {"device", "threads", "torch", "commit", "date"} <= set(one.where), name


def test_the_page_is_of_the_ledger_which_is_of_the_shipped_checkpoints():
    ledger = claims.read()
    assert claims.stale(ledger) == []
    assert PAGE.read_text(encoding="utf-8") == claims.markdown(ledger), "run `python -m claims`"


def test_no_verdict_rests_on_an_interval_of_zero_width():
    tests = {test.key: test for test in claims.TESTS}
    for name, evidence in claims.read().items():
        for one in evidence:
            read = set(tests[name, one.on].rule.names)
            widths = {
                n.name: n.interval(one.level)[1] - n.interval(one.level)[0]
                for n in one.numbers
                if n.name in read and not n.exact
            }
            assert not [found for found, width in widths.items() if width <= 0], (name, one.on)


def test_what_real_images_score_has_an_error_wherever_it_stands():
    found = [
        (name, one.on, number)
        for name, evidence in claims.read().items()
        for one in evidence
        for number in one.numbers
        if number.name.startswith("real images")
    ]
    assert len(found) > 20 and [place for *place, number in found if number.exact or not number.interval()] == []


def test_the_file_is_strict_json():
    text = (places.measurements() / shipped.LEDGER).read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


QUICK = {("C11", "an exact mixture"), ("C13a", "counted evaluations"), ("C23", "one update of training")}
QUICK |= {("C31c", "one point of data"), ("C34", "the sequence itself"), ("C35", "the worked example")}
QUICK |= {("C44", "an exact mixture"), ("C46", "captions"), ("C10d", "digits")}


@pytest.mark.filterwarnings("error")  # a measurement starts where its sampler does
@pytest.mark.parametrize("test", [test for test in claims.TESTS if test.key in QUICK], ids=lambda test: test.claim)
def test_quick_measurements_return_what_their_rules_read(test):
    numbers = by_name(test.function(**test.case.arguments))
    assert set(test.rule.names) <= set(numbers)
    kept = {one.on: one for one in claims.read()[test.claim]}[test.case.words]
    assert test.verdict(numbers, kept.level) == kept.verdict


@pytest.mark.parametrize(
    ("claim", "values", "word"),
    [
        # "cannot skip" is refuted by one chain that can, whatever the other does
        ("C33", {"small variance, 50 steps: excess over 1000": 0.0}, FAILS),
        ("C33", {}, HOLDS),
        ("C40", {"20 steps: excess over 1000": 0.0}, FAILS),
        # "of the highest quality" is above both, and "more here, fewer there" both halves
        ("C31a", {"DPM in 20: excess": 0.0}, FAILS),
        ("C17", {"crowded at high noise: excess over even": -0.5}, HOLDS),
        ("C17", {"crowded at high noise: excess over even": 0.5}, FAILS),
        ("C10c", {flow.BEYOND: 0.0}, FAILS),
        # one setting of one remedy without any of the three losses removes the trade-off
        ("C29", {}, FAILS),
        ("C29", {f"{name}: {scales.LOST[1]}": -0.5 for name in scales.TRIED}, HOLDS),
        ("C29", {f"{name}: {scales.LOST[1]}": -0.5 for name in list(scales.TRIED)[1:]}, FAILS),
    ],
)
def test_halves_of_one_claim_are_no_conditions(claim, values, word):
    """Values of 0.5 but for those that are given, sharp, with no loss of diversity or adherence unless it is given."""
    rule = next(test.rule for test in claims.measurements_of(claim) if not test.case.explains)
    kept = 0.0 if claim == "C29" else 0.5
    assert rule({name: Number(name, values.get(name, kept), 1e-4, 24, 500) for name in rule.names}).word == word


@pytest.mark.parametrize(
    ("claim", "numbers", "word"),
    [
        ("C7", {"recall": (0.044, 0.03), "coverage": (-0.004, 0.02), "diversity": (0.075, 0.02)}, FAILS),
        ("C7", {"recall": (0.044, 0.03), "coverage": (-0.004, 0.02), "diversity": (-0.075, 0.02)}, HOLDS),
        ("C16a", {"half precision: times faster": (1.5, 0.1)}, FAILS),
        ("C16a", {"half precision: times faster": (2.0, 0.05)}, HOLDS),
        ("C16a", {"half precision: times faster": (1.8, 0.1)}, UNDECIDED),
        ("C1a", {"excess of DDIM in 50": (0.1, 0.2)}, UNDECIDED),  # that nothing was found is no tie
    ],
)
def test_a_verdict_has_the_sign_and_the_size_of_its_numbers(claim, numbers, word):
    """A rise is no fall, 1.5 times is not twice, and a wide interval is no equality."""
    rule = next(test.rule for test in claims.measurements_of(claim) if not test.case.explains)
    named = {f"{name}: DDIM - DDPM" if claim == "C7" else name: pair for name, pair in numbers.items()}
    assert rule({name: Number(name, *pair, 24, 500) for name, pair in named.items()}).word == word


def test_few_step_solvers_are_compared_where_they_are_not_ddim():
    """In two steps the first has no step before it, and the last, to the data, is DDIM's: nothing is compared there."""
    path = schedules.cosine()
    x = path.prior((64, 1), torch.Generator().manual_seed(0), dtype=torch.float64)

    def apart(steps):
        ends = [
            samplers.sample(samplers.get(name), distances.BROAD.denoiser(path), x, path, path.grid(steps))
            for name in ("dpm_solver_pp_2m", "ddim")
        ]
        return float((ends[0] - ends[1]).abs().max())

    assert max(map(apart, (1, 2))) < 1e-12 and min(map(apart, few_steps.SECOND_ORDER)) > 1e-3


@pytest.mark.parametrize(
    ("early", "late", "word"),
    [
        ((0.001, 1e-4), (0.1, 1e-3), HOLDS),
        ((0.02, 1e-4), (0.1, 1e-3), WHERE),
        ((0.0078, 1e-3), (0.1, 1e-3), UNDECIDED),  # that it is not told from the margin is no "only from 15 on"
        ((0.001, 1e-4), (0.003, 1e-4), FAILS),  # more than nothing, and less than one grey level
    ],
)
def test_pixels_are_saturated_beyond_one_grey_level(early, late, word):
    rule = next(test.rule for test in claims.measurements_of("C12c"))
    assert (
        rule({name: Number(name, *pair, 24, 500) for name, pair in zip(rule.names, (late, early), strict=True)}).word
        == word
    )


@pytest.mark.parametrize(
    ("excesses", "verdict"),
    [  # DDIM in 5, 10, 20 and 50 steps and DPM in 5, 10, 15 and 20: equivalent (-), not (+), or open (?)
        ("+++- ++--", "holds"),
        ("++-- +---", "holds where: DDIM 50x; DPM 100x"),
        ("+?-- +---", "holds where: DDIM at least 50x; DPM 100x"),
        ("++?- +---", "undecided"),  # 20x if 20 steps are not enough, 50x if they are
        ("++++ +---", "does not hold here"),
        ("???? ++++", "does not hold here"),  # whatever DDIM saves
        ("???? ++--", "undecided"),
    ],
)
def test_a_saving_is_that_of_the_smallest_step_count_only_where_smaller_ones_are_excluded(excesses, verdict):
    rule = speed.savings()
    values = {"-": (0.0, 1e-3), "+": (1.0, 1e-3), "?": (0.25, 1.0)}
    signs = excesses.replace(" ", "")
    numbers = {name: Number(name, *values[sign], 24, 500) for name, sign in zip(rule.names, signs, strict=True)}
    assert str(rule(numbers)).startswith(verdict)

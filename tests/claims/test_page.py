"""The page agrees with the register and the ledger, and hides no contradiction."""

from dataclasses import replace

import pytest
from scipy.stats import norm

import claims
from claims.evidence import Evidence
from claims.numbers import Number
from claims.page import headline, markdown, word
from claims.register import SOURCES, claim, measurements_of, measures, on
from claims.verdicts import FAILS, HOLDS, NOT_YET, UNDECIDED, WHERE, Verdict, above, all_of


def enter(*cases):
    claim("C1a", "1, remember", "Fifty steps match a thousand.")
    measures("C1a", "Fifty against a thousand.", above("x", 0.0), *cases)(list)


IMAGES = on("MNIST"), on("digits"), on("CIFAR-10")
TOY = on("exact mixture", explains=True)


def evidence(place: str, verdict: str, note: str = "") -> Evidence:
    return Evidence(place, (Number("x", 1.0, 0.1, 24, 9),), Verdict(verdict, note))


def test_toys_have_a_column_of_their_own_and_decide_nothing(empty):
    enter(*IMAGES, TOY)
    found = [evidence("MNIST", FAILS), evidence("exact mixture", HOLDS)]
    waiting = "; not yet on digits and CIFAR-10"
    assert headline(found, measurements_of("C1a")) == f"**does not hold here**{waiting}"
    assert headline(found, measurements_of("C1a"), explains=True) == "**holds**"
    page = markdown({"C1a": found})
    row = f"| [C1a](#c1a) | Fifty steps match a thousand. | 1 | **does not hold here**{waiting} | **holds** |"
    assert row in page.splitlines()


def test_data_sets_that_disagree_are_both_shown(empty):
    enter(*IMAGES[:2])
    found = [evidence("MNIST", FAILS), evidence("digits", UNDECIDED, "about 9,000 samples would decide")]
    assert headline(found, measurements_of("C1a")) == "**does not hold here** on MNIST; **undecided** on digits"
    assert word(found, measurements_of("C1a")) == FAILS
    found[1] = evidence("digits", HOLDS)
    assert headline(found, measurements_of("C1a")) == "**does not hold here** on MNIST; **holds** on digits"
    assert word(found, measurements_of("C1a")) == WHERE


def test_the_overview_names_the_condition_and_where_nothing_was_measured_yet(empty):
    enter(*IMAGES[::2])
    found = [evidence("MNIST", WHERE, "20 steps"), Evidence("CIFAR-10", verdict=Verdict(NOT_YET, "waits for a table"))]
    expected = "**holds where: 20 steps**; not yet on CIFAR-10"
    assert headline(found, measurements_of("C1a")) == headline(found[:1], measurements_of("C1a")) == expected


def test_the_overview_names_what_is_refuted_beside_what_is_open(empty):
    enter(on("MNIST"))
    verdict = Verdict(UNDECIDED, "about 9,000 samples would decide", "s = 2")
    found = [Evidence("MNIST", (Number("x", 1.0, 0.1, 24, 9),), verdict)]
    assert headline(found, measurements_of("C1a")) == "**undecided; not where: s = 2**"
    assert "**undecided; not where: s = 2 (about 9,000 samples would decide)**" in markdown({"C1a": found})


def test_a_second_look_and_what_it_costs_are_said(empty):
    enter(on("MNIST"))
    once = evidence("MNIST", HOLDS)
    page = " ".join(markdown({"C1a": [replace(once, looks=2)]}).split())
    assert "5 % each, is therefore divided by 2, the number of looks" in page
    assert "Measured on other counts before: C1a on MNIST." in page and "On MNIST (9 samples), look 2:" in page
    assert "Measured on other counts before" not in " ".join(markdown({"C1a": [once]}).split())


@pytest.mark.parametrize(
    ("floor", "error", "said"),
    [
        (0.4, 0.01, "DDPM is not told from them"),
        (0.4, 0.1, "DDIM and DDPM are not told from them"),  # the same distances beside an uncertain floor
        (0.7, 0.01, "DDIM and DDPM are not told from them"),  # nearer than real images
        (0.2, 0.01, ""),
    ],
)
def test_distances_that_are_not_told_from_those_of_real_images_are_named(empty, floor, error, said):
    """The errors of both count: those of the samples are 0.1."""
    enter(on("MNIST"))
    real = Number("real images: frechet", floor, error, 24)
    numbers = [Number(f"{name}: frechet", value, 0.1, 24, 9) for name, value in (("DDIM", 0.65), ("DDPM", 0.5))]
    page = markdown({"C1a": [Evidence("MNIST", (Number("x", 1.0), *numbers, real), Verdict(HOLDS))]})
    assert (f"Held-out real images score {real}: {said}, and the distance tells no more" in page) == bool(said)
    assert ("the distance tells no more" in page) == bool(said)


@pytest.mark.parametrize(
    ("distances", "named"),
    [
        ({"DDIM in 50": 2.7, "DDPM": 3.4}, "DDIM in 50"),
        ({"ddim@50": 2.7, "ddim@50, eta 1.0": 3.0, "ddpm@1000": 3.4}, "ddim@50; ddim@50, eta 1.0"),
        ({"eta = 1 in 20": 0.14, "ddpm@1000, precision bfloat16": 0.5}, "eta = 1 in 20"),  # its limit is the chain's
        ({"eta = 1 in 20": 2.7}, ""),  # without the chain's limit nothing is said of what has fresh noise
        ({"DDIM in 50": 3.19, "DDPM": 3.4}, ""),  # not told apart
        ({"DDIM in 50": 3.5, "DDPM": 3.4}, ""),
    ],
)
def test_distances_below_the_limit_that_steps_approach_are_named(empty, distances, named):
    """The limit of samplers without fresh noise is the ODE's, 3.2; that of the others is DDPM's."""
    enter(on("MNIST"))
    limit = Number("the network's limit: frechet", 3.2, 0.02, 24, 9)
    numbers = [Number(f"{name}: frechet", value, 0.02, 24, 9) for name, value in distances.items()]
    page = markdown({"C1a": [Evidence("MNIST", (Number("x", 1.0), *numbers, limit), Verdict(HOLDS))]})
    said = "Nearer to the data than what they approach, by the errors of both: "
    assert (f"{said}{named}. Fewer steps do not solve" in page) == bool(named) == (said in page)


def test_rows_that_compare_two_trainings_say_so(empty):
    enter(on("MNIST", needs=["a.jsonl", "b.jsonl"]), on("digits", needs=["a.jsonl", "a"]), on("C", trained=True))
    page = markdown({"C1a": [evidence(place, HOLDS) for place in ("MNIST", "digits", "C")]})
    assert [f"On {place} (9 samples), two trainings:" in page for place in ("MNIST", "digits", "C")] == [1, 0, 1]


def test_what_nobody_measured_is_not_yet_measured(empty):
    enter(*IMAGES)
    assert headline([], measurements_of("C1a")) == word([], measurements_of("C1a")) == NOT_YET
    claim("C2", "2, summary", "Another.", waits="a network with heads")
    page = markdown({})
    assert "*Not yet measured*: waits for a network with heads." in page
    assert "Of 2 claims 2 are not yet measured." in page


def test_a_section_shows_the_test_the_rule_the_numbers_and_their_origin(empty):
    enter(on("MNIST", command="python tools/tables.py mnist-diffusion"))
    where = {"device": "cpu: a chip", "threads": 1, "load": 2.0, "torch": "2.9", "commit": "ab" * 20}
    where["date"] = "2026-01-02"
    number = Number("x", 1.0, 0.1, None, 2000)
    one = Evidence("MNIST", (number,), Verdict(HOLDS), 0.05, {"net": "c" * 64}, where, 3.0)
    page = markdown({"C1a": [one]})
    assert "*Text 1, remember.* Fifty steps match a thousand." in page
    assert "**Test.** Fifty against a thousand. **Rule.** Holds if *x* lies above 0, not if below." in page
    assert (
        "| x | 1 [0.804, 1.2] |" in page
        and "| measured | value [95 %] |\n" in page
        and "On MNIST (2,000 samples): **holds**." in page
    )
    assert (
        "2026-01-02, read from a table in 3 s on cpu: a chip; 1 thread, load 2.0; torch 2.9, commit abababababab; net "
        "cccccccccccc" in page
    )
    assert "Again, the table that is read: `python tools/tables.py mnist-diffusion`." in page


def test_claims_that_are_undecided_in_a_part_are_counted(empty):
    """They count as decided by the other cases, and the page says how many of them there are."""
    claim("C1a", "1, remember", "Fifty steps match a thousand.")
    measures("C1a", "x", above("x", 0.0), on("MNIST"), on("digits"))(list)
    numbers = (Number("x", 1.0, 0.4, None, 100),)
    found = [Evidence("MNIST", numbers, Verdict(HOLDS), 0.05), Evidence("digits", numbers, Verdict(UNDECIDED), 0.05)]
    page = " ".join(markdown({"C1a": found}).split())
    assert "Of 1 claims 1 holds. A claim is counted by the cases in which it was decided;" in page
    assert "in at least one other case 1 of those counted as decided are undecided" in page
    assert "A claim is counted" not in markdown({"C1a": found[:1]})


def test_an_interval_stands_at_the_level_that_its_verdict_was_reached_at(empty):
    """At 95 % it may exclude the margin of a verdict that is undecided."""
    claim("C1a", "1, remember", "Fifty steps match a thousand.")
    measures("C1a", "x", all_of(above("x", 0.0), above("y", 0.0)), on("MNIST"))(list)
    numbers = Number("x", 1.0, 0.4, None, 100), Number("y", 9.0, 1.0, None, 100), Number("beside", 1.0, 0.1, None, 100)
    one = Evidence("MNIST", numbers, Verdict(UNDECIDED, "about 200 samples would decide"), 0.002)
    lines = markdown({"C1a": [one]}).splitlines()
    assert (
        "| measured | value [95 %] | at 99.8 % | at 99.9 % |" in lines and "| beside | 1 [0.804, 1.2] |  |  |" in lines
    )
    (row,) = [line for line in lines if line.startswith("| x |")]
    low, high = (norm.isf([0.001, 0.0005]) * 0.4 - 1).tolist()
    assert row == f"| x | 1 [0.216, 1.78] | [{-low:.3g}, {low + 2:.3g}] | [{-high:.3g}, {high + 2:.3g}] |"


def test_the_command_under_a_row_measures_it_and_reads_no_table_again(empty):
    def under(case):
        claims.register.TESTS.clear()
        measures("C1a", "x", above("x", 0.0), case)(list)
        one = Evidence(case.words, (Number("x", 1.0),), Verdict(HOLDS), where={"date": "2026-01-02"})
        return markdown({"C1a": [one]}).split("unknown. ")[1]

    claim("C1a", "1, remember", "Fifty steps match a thousand.")
    assert under(on("paper")).startswith("Again: `python -m claims C1a`.")
    rows = under(on("MNIST", command="tables --anew", rows=True))
    assert rows.startswith("Again, every row drawn anew: `python -m claims --anew C1a`; the table: `tables --anew`.")


def test_the_page_names_the_two_texts():
    page = " ".join(markdown({}).split())
    for number, source in SOURCES.items():
        assert f"- **Text {number}** is {source}." in page


def test_one_claim_is_counted_in_the_singular(empty):
    enter(on("MNIST", command="python tools/tables.py mnist-diffusion"))
    assert "Of 1 claims 1 is not yet measured." in markdown({})

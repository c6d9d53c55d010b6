"""What a negative changes, judged on made figures."""

from claims import images
from claims.numbers import Number, by_name
from claims.register import measurements_of
from claims.subjects import negative
from claims.verdicts import FAILS, HOLDS


def test_a_negative_is_judged_by_the_pairs_that_it_changes(monkeypatch):
    rule = measurements_of("C43")[0].rule
    for minus, word in (([40, 2], HOLDS), ([2, 40], FAILS)):
        shares = {"with": {"smudged": [10, 500, 0.02]}, "without": {"smudged": [48, 500, 0.096]}}
        red = {f"red negated, a seven, s = {s}": {"unwanted": [1, 2, 0.5]} for s in (2, 4)}
        figures = {"default negative, s = 2": {**shares, "smudged minus": minus}, **red}
        monkeypatch.setattr(images.system_table, "read", lambda figures=figures: figures)
        numbers = by_name(negative.the_unwanted(sentences=True))
        assert numbers["smudged: negative minus none"].value == (minus[1] - minus[0]) / 500
        assert rule(numbers).word == word


def test_a_default_negative_is_no_rule_where_it_spoils_what_asks_for_its_own_word(monkeypatch):
    """Better by the distance, and worse for whoever asks for a smudge: one harm refutes *always*."""
    (rule,) = (test.rule for test in measurements_of("C27b") if test.case.words == "captions")
    nearer = Number("frechet: negative minus none", -0.01, 0.001, 24, 500)
    for minus, word in (([40, 2], FAILS), ([2, 40], HOLDS)):
        shares = {"with": {"all said": [10, 256, 0.7]}, "without": {"all said": [48, 256, 0.8]}}
        figures = {"default negative, asked for smudges, s = 4": {**shares, "all said minus": minus}}
        monkeypatch.setattr(images.system_table, "read", lambda figures=figures: figures)
        numbers = by_name([nearer, *images.followed_less("default negative, asked for smudges, s = 4")])
        apart = numbers["all said where smudges are asked for: negative minus none"]
        assert apart.value == (minus[1] - minus[0]) / 256 and rule(numbers).word == word

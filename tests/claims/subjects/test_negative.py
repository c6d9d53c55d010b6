"""What a negative changes, judged on made figures."""

from claims import images
from claims.numbers import by_name
from claims.register import measurements_of
from claims.subjects import negative
from claims.verdicts import FAILS, HOLDS


def test_a_negative_is_judged_by_the_pairs_that_it_changes(monkeypatch):
    rule = measurements_of("C43")[0].rule
    for minus, word in (([40, 2], HOLDS), ([2, 40], FAILS)):
        shares = {"with": {"smudged": [10, 500, 0.02]}, "without": {"smudged": [48, 500, 0.096]}}
        figures = {"default negative, s = 2": {**shares, "smudged minus": minus}}
        monkeypatch.setattr(images.system_table, "read", lambda figures=figures: figures)
        numbers = by_name(negative.the_unwanted(sentences=True))
        assert numbers["smudged: negative minus none"].value == (minus[1] - minus[0]) / 500
        assert rule(numbers).word == word

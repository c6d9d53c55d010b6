"""Every verdict of what reads tables is reached from rows that are made up, through the measurement and its rule."""

import random
from dataclasses import replace

import pytest

import claims
from claims.images import through
from claims.numbers import by_name
from tests import made

VALUES = {
    "frechet": (0.5, 1.0, 1.05, 3.0),
    "adherence": (0.7, 0.97, 0.99, 0.995),
    "diversity": (0.6, 1.0, 1.01),
    "recall": (0.4, 0.6),
    "coverage": (0.4, 0.6),
    "excess": (0.0, 0.001, 0.1, 0.5),
}
REAL = 0.99  # of real images
SHARP, VAGUE, DRAWS = 1e-5, 1.0, 600
FIRST = {  # one case of each; half of what C27 judges is counted elsewhere
    (test.claim, test.compares): test
    for test in reversed(claims.TESTS)
    if test.case.rows and not test.claim.startswith("C27")
}
MOODS = (  # what decides over the luck of a row: one time in three all that is compared with one reference is alike
    lambda row: f"{row.checkpoint} {row.settings}",
    lambda row: f"{row.settings.sampler == 'ddim'} {row.checkpoint}",
    lambda row: f"{row.settings.scale == 1} {row.settings.steps < 50}",
)


def made_up(seed):
    """Gives each row, whenever it is read, the same figures at random; one time in five no figure is sharp."""
    spread = VAGUE if seed % 5 == 4 else SHARP

    def quality(row):
        luck = random.Random(f"{seed} {MOODS[seed % 3](row)}")
        return replace(
            row,
            quality={
                name: made.score(luck.choice(values), spread, row.samples, luck.randrange(24), REAL)
                for name, values in VALUES.items()
            },
        )

    return quality


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("test", FIRST.values(), ids=lambda test: f"{test.claim}: {test.compares[:40]}")
def test_every_verdict_is_reached_from_made_up_rows(test):
    found = set()
    for seed in range(DRAWS):
        with through(made_up(seed)):
            numbers = by_name(test.function(**test.case.arguments))
        found.add(test.rule.word(numbers))
        if found == set(test.rule.verdicts):
            return
    assert found == set(test.rule.verdicts)

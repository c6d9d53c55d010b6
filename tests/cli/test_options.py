"""The text of options becomes numbers, words, or lists of numbers."""

import pytest

from diffusion_lessons.cli.options import named_values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.05", 0.05),
        ("0.05,", [0.05]),
        ("1 ,", [1]),
        ("1, 2,", [1, 2]),
        (",", []),
        (",,", ",,"),
        ("1,,2", "1,,2"),
        ("a,", "a,"),
        ("'1,'", "1,"),
    ],
)
def test_a_comma_at_the_end_makes_a_list_of_one(text, value):
    assert named_values([f"name={text}"]) == {"name": value}

"""Whose numbers: one seed for a name however it is written, another for another name."""

from diffusion_lessons.checks.portable.names import variant


def test_one_name_however_people_and_platforms_write_it():
    spellings = ("Jörg Müller", " mullerjorg", "Müller-Jörg", "Müller, Jörg", "JO\u0308RG MU\u0308LLER")
    assert len({variant(name) for name in spellings}) == 1


def test_other_names_have_other_numbers():
    names = ("ana", "bo", "李雷", "韩梅", "s1234", "s1235", "!!", "??", "")
    assert len({variant(name) for name in names}) == len(names)

"""Names of any alphabet become names that folders can bear, each its own, and stay so."""

import csv
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion_lessons.classroom.register import LONGEST, Register, plain

NAMES = {
    "Jörg Müller": "Jörg-Müller",
    "Özil": "Özil",
    "Åsa": "Åsa",
    "李雷": "李雷",
    "O'Brien": "O-Brien",
    unicodedata.normalize("NFD", "José"): "José",
    "हिन्दी नाम": "हिन्दी-नाम",
    "محمد": "محمد",
    "Smith, Ana": "Smith-Ana",
    "../../etc/passwd": "etc-passwd",
    ".hidden": "hidden",
    "-rf": "rf",
    "a\x1b[2J\nb": "a-2J-b",
    "": "student",
    "!!!": "student",
    "ana.smith@example.org": "ana.smith@example.org",
    "x" * 500: "x" * LONGEST,
}


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    assert plain(name) == NAMES[name]
    assert plain(plain(name)) == plain(name)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_names_are_told_apart_and_can_be_folders(tmp_path_factory, names):
    course = tmp_path_factory.getbasetemp()
    register = Register(course / "none")
    students = [register.student(name) for name in names]
    assert all(re.fullmatch(r"[^\s/\\:*?\"<>|.-][^\s/\\:*?\"<>|]*", student) for student in students)
    keys = {unicodedata.normalize("NFC", name).strip().lstrip("=+-@\t\r ").casefold() for name in names}
    assert len({student.casefold() for student in students}) == len(keys)
    assert [register.student(name) for name in names] == students


def test_a_student_keeps_the_name_for_all_assignments(tmp_path):
    (tmp_path / "submitted/bo/A1").mkdir(parents=True)
    first = Register(tmp_path)
    assert first.student("O'Brien") == "O-Brien" and first.student("O-Brien") == "O-Brien-2"
    assert first.student("Ana Smith", "17") == "Ana-Smith-17" and first.student("Ana Smith", "18") == "Ana-Smith-18"
    assert first.student("BO") == "bo"  # file systems may not tell them apart
    first.save()
    (tmp_path / "submitted/O-Brien/A1").mkdir(parents=True)
    (tmp_path / "submitted/O-Brien-2/A1").mkdir(parents=True)
    again = Register(tmp_path)
    assert again.student("O-Brien") == "O-Brien-2" and again.student("O'BRIEN") == "O-Brien"
    assert again.student("Ana Smith", "18") == "Ana-Smith-18" and again.name("Ana-Smith-18") == "Ana Smith"
    assert again.name("bo") == "bo"
    assert again.student('=HYPERLINK("x")') == "HYPERLINK-x" and again.name("HYPERLINK-x") == 'HYPERLINK("x")'
    again.save()
    assert Register(tmp_path).student('=HYPERLINK("x")') == "HYPERLINK-x"
    table = list(csv.DictReader((tmp_path / "students.csv").open(encoding="utf-8")))
    assert {"student": "O-Brien", "name": "O'Brien", "number": ""} in table


def test_a_table_that_is_none_is_told(tmp_path):
    (tmp_path / "students.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="students.csv: expected the columns student, name, number"):
        Register(tmp_path)

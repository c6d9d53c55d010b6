"""Whose the files of an inbox are, in each form that platforms and people give it, and what is left out of it."""

import io
import os
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffusion_lessons.classroom import inbox
from diffusion_lessons.classroom.inbox import Unreadable, contents
from tests.classroom.inboxes import GRADESCOPE, MOODLE, fill, packed


def whose(place):
    """(name, number, late, path) of everything that was found, and the reasons for what was left out."""
    found = contents(place)
    files = sorted((s.name, s.number, s.late, "/".join(f.parts)) for s, f in found if not f.left_out)
    return files, {f.where: f.left_out for _, f in found if f.left_out}


def zipped(tmp_path, files, **options):
    (tmp_path / "submissions.zip").write_bytes(packed(files, **options))
    return tmp_path / "submissions.zip"


PLAIN = {
    "ana.ipynb": b"1",
    "bo/A1.ipynb": b"2",
    "cy/sub/work.ipynb": b"3",
    "Jörg Müller/A1.ipynb": b"4",
    ".hidden/x.ipynb": b"",
    "cy/.ipynb_checkpoints/x.ipynb": b"",
    "__MACOSX/bo/._A1.ipynb": b"",
    "dee.ipynb.txt": b"5",
}


@pytest.mark.parametrize("form", ["folder", "zip", "zip in a wrapper", "zip of macOS", "zip with backslashes"])
def test_files_and_folders_by_name(tmp_path, form):
    files = {"inbox/" * (form == "zip in a wrapper") + name: content for name, content in PLAIN.items()}
    if form == "zip with backslashes":
        files = {name.replace("/", "\\"): content for name, content in files.items()}
    place = fill(tmp_path / "x", files) if form == "folder" else zipped(tmp_path, files, mac="macOS" in form)
    assert whose(place) == (
        [
            ("Jörg Müller", "", False, "Jörg Müller/A1.ipynb"),
            ("ana", "", False, "ana.ipynb"),
            ("bo", "", False, "bo/A1.ipynb"),
            ("cy", "", False, "cy/sub/work.ipynb"),
            ("dee", "", False, "dee.ipynb.txt"),
        ],
        {},
    )


@pytest.mark.parametrize(
    "name, expected",
    [
        (f"{MOODLE}/A1.ipynb", ("Jörg Müller", "4711", False)),
        (f"{MOODLE}_/sub/A1.ipynb", ("Jörg Müller", "4711", False)),
        (f"{MOODLE}_A1.ipynb", ("Jörg Müller", "4711", False)),
        ("Participant_4711_assignsubmission_file/A1.ipynb", ("Participant", "4711", False)),
        ("smithana_4711_81234_A1.ipynb", ("smithana", "4711", False)),
        ("smithana_LATE_4711_81234_A1-2.ipynb", ("smithana", "4711", True)),
        ("李雷_4711_81234_A1.ipynb", ("李雷", "4711", False)),
    ],
)
@pytest.mark.parametrize("unpacked", [False, True])
def test_moodle_and_canvas(tmp_path, name, expected, unpacked):
    place = fill(tmp_path / "x", {name: b""}) if unpacked else zipped(tmp_path, {name: b""})
    assert [(student.name, student.number, student.late) for student, _ in contents(place)] == [expected]


@pytest.mark.parametrize("wrapper", ["", "assignment_77_export/"])
def test_gradescope_and_its_groups(tmp_path, wrapper):
    names = [f"submission_{number}/A1.ipynb" for number in (101, 102, 103)]
    files = {"submission_metadata.yml": GRADESCOPE.encode(), **dict.fromkeys(names, b"")}
    found, left_out = whose(zipped(tmp_path, {wrapper + name: content for name, content in files.items()}))
    assert found == [
        ("Ana Smith", "12345", False, "submission_101/A1.ipynb"),
        ("Bo O'Brien", "bo@example.org", False, "submission_102/A1.ipynb"),
        ("李雷", "12346", False, "submission_101/A1.ipynb"),
    ]
    assert left_out == {"submission_103/A1.ipynb": "submission_metadata.yml does not say whose it is"}


@pytest.mark.parametrize("text", ["a: [", "\x00", "- 1", "submission_101: 3"])
def test_a_metadata_file_that_says_nothing_is_refused_or_names_nobody(tmp_path, text):
    place = fill(tmp_path / "x", {"submission_metadata.yml": text.encode(), "submission_101/A1.ipynb": b""})
    try:
        assert all(file.left_out or student.name == "submission_101" for student, file in contents(place))
    except ValueError as error:
        assert "submission_metadata.yml cannot be read; download the export again" in str(error)


def test_a_students_zip_is_a_folder(tmp_path):
    files = {"Ana.zip": packed({"A1.ipynb": b"1"}), f"{MOODLE}/A1.zip": packed({"x/A1.ipynb": b"2"})}
    place = fill(tmp_path / "x", files)
    assert whose(place)[0] == [
        ("Ana", "", False, "Ana.zip/A1.ipynb"),
        ("Jörg Müller", "4711", False, f"{MOODLE}/A1.zip/x/A1.ipynb"),
    ]
    assert [file.read() for _, file in contents(place)] == [b"1", b"2"]


def test_nobody_hands_in_for_somebody_else(tmp_path):
    """Names of a platform inside of what a student packed say nothing."""
    files = {
        "eve.zip": packed({f"{MOODLE}/A1.ipynb": b""}),
        "mal/ana_12_3456_A1.ipynb": b"",
        "oz.zip": packed({"../ana.ipynb": b"", "/etc/ana.ipynb": b"", "submission_metadata.yml": GRADESCOPE.encode()}),
        "Eve_1_assignsubmission_file/x.zip": packed({f"{MOODLE}/A1.ipynb": b""}),
    }
    found, left_out = whose(fill(tmp_path / "x", files))
    assert {name for name, *_ in found} == {"Eve", "oz"}
    assert "eve.zip holds a platform's download: collect that by itself" in left_out[f"eve.zip/{MOODLE}/A1.ipynb"]
    assert "mal/ana_12_3456_A1.ipynb" in left_out


def test_links_are_left_out(tmp_path):
    secret = fill(tmp_path / "course", {"source/A1.ipynb": b"solution"})
    place = fill(tmp_path / "x", {"bo/A1.ipynb": b"", "z.zip": packed({"A1.ipynb": b"../bo"}, links=("A1.ipynb",))})
    (place / "eve").mkdir()
    (place / "eve/A1.ipynb").symlink_to("../bo/A1.ipynb")
    (place / "eva.ipynb").symlink_to(secret / "source/A1.ipynb")
    (place / "evi").symlink_to(secret)
    os.mkfifo(place / "pipe.ipynb")
    found, left_out = whose(place)
    assert [name for name, *_ in found] == ["bo"]
    assert left_out == dict.fromkeys(["eva.ipynb", "eve/A1.ipynb", "evi", "z.zip/A1.ipynb"], inbox.LINK) | {
        "pipe.ipynb": "neither a file nor a folder"
    }


def test_archives_that_cannot_be_opened_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(inbox, "LARGEST", 10_000)
    monkeypatch.setattr(inbox, "MOST_FILES", 5)
    deep = packed({"A1.ipynb": b""})
    for _ in range(5):
        deep = packed({"x.zip": deep})
    secret = bytearray(packed({"A1.ipynb": b"x"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        secret[secret.index(signature) + offset] |= 1
    place = fill(
        tmp_path / "x",
        {
            "a.zip": b"PK nothing",
            "b.7z": b"",
            "c.tar.gz": b"",
            "d.zip": deep,
            "e.zip": packed({"A1.ipynb": bytes(10_001)}),
            "f.zip": packed({f"{number}.ipynb": b"" for number in range(6)}),
            "g.zip": bytes(secret),
            "h.ipynb": bytes(10_001),
        },
    )
    found, left_out = whose(place)
    assert found == []
    assert left_out["a.zip"] == "a damaged archive; ask for it again"
    assert left_out["b.7z"] == left_out["c.tar.gz"] == "an archive that is not opened here; unpack it, or ask for a zip"
    assert "an archive in more than 3 archives" in left_out.values()
    assert left_out["f.zip"] == "an archive of 6 files" and "password" in left_out["g.zip/A1.ipynb"]
    for where in ("e.zip/A1.ipynb", "h.ipynb"):
        assert "more than the" in left_out[where] and "without its outputs" in left_out[where]


def test_an_archive_that_lies_about_its_sizes_or_is_damaged_ends_in_a_named_error(tmp_path, monkeypatch):
    """The size in its directory is small; what comes out is cut off where reading ends."""
    monkeypatch.setattr(inbox, "LARGEST", 10_000)
    data = packed({"A1.ipynb": bytes(1_000_000)})
    entry = data.index(b"PK\x01\x02")
    lying = data[: entry + 24] + (100).to_bytes(4, "little") + data[entry + 28 :]
    damaged = bytearray(packed({"A1.ipynb": os.urandom(1000)}))
    damaged[200] ^= 0xFF
    for (_, file), _ in zip(
        contents(fill(tmp_path / "x", {"a.zip": lying, "b.zip": bytes(damaged)})), "ab", strict=True
    ):
        with pytest.raises(Unreadable, match=r"damaged in its archive|more than the"):
            file.read()


def test_names_with_control_characters_do_not_reach_the_terminal(tmp_path):
    (_, file), *_ = contents(zipped(tmp_path, {"a\x1b[2J\r\n.ipynb": b""}))
    assert file.where.isprintable()


def test_what_is_no_inbox_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="x: no such folder or archive"):
        contents(tmp_path / "x")
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(ValueError, match="expected a folder of notebooks, or a zip of one"):
        contents(tmp_path / "a.ipynb")


def test_the_times_of_archives_may_be_anything(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        entry = zipfile.ZipInfo("ana.ipynb")
        entry.date_time = (1980, 0, 0, 31, 63, 62)
        archive.writestr(entry, b"")
    (tmp_path / "x.zip").write_bytes(data.getvalue())
    assert len(contents(tmp_path / "x.zip")) == 1


def test_a_folder_that_cannot_be_read_is_told_and_stops_nobody(tmp_path, monkeypatch):
    place, listed = fill(tmp_path / "x", {"ana.ipynb": b"", "eve/A1.ipynb": b""}), Path.iterdir

    def iterdir(path):
        if path.name == "eve":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    found, left_out = whose(place)
    assert [name for name, *_ in found] == ["ana"] and left_out == {"eve": "it cannot be read (Permission denied)"}


def test_a_student_with_many_archives_is_told_and_others_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(inbox, "MOST_ARCHIVES", 3)
    bomb = packed({f"{number}.zip": packed({"A1.ipynb": b""}) for number in range(30)})
    found, left_out = whose(fill(tmp_path / "x", {"eve.zip": bomb, "zoe.zip": packed({"A1.ipynb": b""})}))
    assert sum(name == "eve" for name, *_ in found) == 2 and found[-1][0] == "zoe"
    assert set(left_out.values()) == {"one of more than 3 archives of one student"} and len(left_out) == 28


ARCHIVE = packed({"ana/A1.ipynb": b"x" * 300, "bo.zip": packed({"A1.ipynb": b"{}"}), "c.ipynb": b"y"})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, len(ARCHIVE)),
    st.lists(st.tuples(st.integers(0, len(ARCHIVE) - 1), st.integers(0, 7)), min_size=1, max_size=6),
    st.booleans(),
)
def test_damaged_archives_end_in_a_named_reason(tmp_path, end, flips, is_whole):
    data = bytearray(ARCHIVE)
    for place, bit in flips:
        data[place] ^= 1 << bit
    fill(tmp_path, {"x.zip": bytes(data if is_whole else data[:end])})
    for _, file in contents(tmp_path / "x.zip"):
        with suppress(Unreadable):
            assert file.left_out or isinstance(file.read(), bytes)

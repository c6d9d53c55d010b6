"""Which files are notebooks, and of which assignment."""

import codecs
import json

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion_lessons.classroom import submission
from diffusion_lessons.classroom.inbox import Unreadable
from diffusion_lessons.classroom.submission import parse

pytest.importorskip("nbgrader")

CELL = {"cell_type": "code", "source": ["a = 1\n", "b"], "metadata": {}, "outputs": [], "execution_count": None}
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [CELL]}
TEXT = json.dumps(NOTEBOOK)


def with_cell(**fields):
    return json.dumps({**NOTEBOOK, "cells": [{**CELL, **fields}]}).encode()


def with_text(**fields):
    return json.dumps(
        {**NOTEBOOK, "cells": [{"cell_type": "markdown", "source": "a", "metadata": {}, **fields}]}
    ).encode()


def with_metadata(**fields):
    return json.dumps({**NOTEBOOK, "metadata": fields}).encode()


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "it is empty; ask for the notebook again"),
        (b"\n", "it is empty"),
        (b"<!DOCTYPE html>", "a web page, and no notebook"),
        (b"%PDF-1.4", "a PDF, and no notebook"),
        (b"PK\x03\x04", "an archive, and no notebook"),
        (b"{ this is", "it is damaged, or something else, and no notebook"),
        (b"\xff\x00\x81", "it is damaged"),
        (b"[" * 200_000, "it is damaged"),
        (b"[]", "it is JSON, but no notebook"),
        (b"{}", "it is JSON, but no notebook"),
        (b'{"nbformat": 5, "cells": []}', "its format 5 is newer than 4"),
        (b'{"nbformat": 4}', "it has no cells"),
        (b'{"nbformat": 4, "cells": [3]}', "one of its cells is no cell"),
        (b'{"nbformat": 3, "worksheets": 7}', "its format 3 could not be converted"),
        (with_cell(cell_type="magic"), "one of its cells is no cell"),
        (with_cell(source=None), "a cell has no source"),
        (with_cell(source=[1]), "a cell has no source"),
    ],
)
def test_what_is_no_notebook_is_told_in_plain_words(data, reason):
    with pytest.raises(Unreadable, match=f"^{reason}"):
        parse(data)


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        json.dumps({**NOTEBOOK, "metadata": None}).encode(),
        with_cell(metadata=None),
        with_cell(outputs={}),
        with_cell(source="a = '\ud800'"),
        with_cell(outputs=["text", {"output_type": "stream"}, {"output_type": "magic"}]),
        with_cell(execution_count="3"),
        with_cell(metadata={"tags": "one", "name": ""}),
        with_text(attachments={"a.png": 3}),
        with_text(attachments=[]),
        *(json.dumps({**json.loads(with_cell(id=name)), "nbformat_minor": 5}).encode() for name in (3, [], "", "a b")),
        *(with_metadata(kernelspec=kernel) for kernel in ({}, "python3", {"name": "python3"}, {"name": 3})),
        with_metadata(language_info="python"),
        with_metadata(language_info={}, title=3),
        json.dumps({**NOTEBOOK, "nbformat_minor": -1}).encode(),
        json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}).encode(),
    ],
)
def test_what_can_be_mended_is_mended(data):
    kept = parse(data)[1]
    assert kept != data
    nbformat.validate(nbformat.reads(kept.decode(), 4))


def test_only_what_cannot_be_read_is_dropped():
    kernel = {"name": "python3", "display_name": "Python 3"}
    shown = {"output_type": "stream", "name": "stdout", "text": "seen"}
    cell = {**CELL, "source": "half \ud83d of a face", "metadata": {"nbgrader": {"grade_id": "a"}, "tags": 7}}
    cell["outputs"] = [shown, {"output_type": "stream"}]
    metadata = {"kernelspec": kernel, "language_info": "python", "own": [1]}
    data = json.dumps({**NOTEBOOK, "metadata": metadata, "cells": [cell]}).encode()
    kept = json.loads(parse(data)[1])
    assert kept["metadata"] == {"kernelspec": kernel, "own": [1]}
    (left,) = kept["cells"]
    assert left["source"] == "half \N{REPLACEMENT CHARACTER} of a face" and left["outputs"] == [shown]
    assert left["metadata"] == {"nbgrader": {"grade_id": "a"}}
    assert parse(data)[1] == parse(data)[1]  # handed in twice, it is the same submission


@pytest.mark.parametrize("depth", range(300, 1000, 50))
def test_what_lies_too_deep_is_kept_or_told(depth):
    """How deep is too deep differs between versions of Python."""
    data = codecs.BOM_UTF8 + with_cell(metadata={"x": "deep"}).replace(b'"deep"', b"[" * depth + b"]" * depth)
    try:
        assert parse(data)[1].count(b"[") > depth
    except Unreadable as error:
        assert "its parts lie too deep" in str(error) or "it is damaged" in str(error)


def test_what_is_still_invalid_is_told(monkeypatch):
    monkeypatch.setattr(submission, "_drop", lambda notebook: None)
    with pytest.raises(Unreadable, match="^it is no valid notebook .*required property.*; ask for the notebook again"):
        parse(with_metadata(kernelspec={}))


@pytest.mark.parametrize("minor", [0, 2, 4, 6, 9])
def test_what_is_well_is_kept_as_it_is(minor):
    data = json.dumps({**NOTEBOOK, "nbformat_minor": minor}).encode()
    assert parse(data)[1] == data


WHOLE = json.dumps({**NOTEBOOK, "cells": [CELL, {"cell_type": "markdown", "source": "ü", "metadata": {}}]}).encode()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE)), st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 7)), max_size=4))
def test_cut_off_and_flipped_bits_end_in_a_named_error_or_in_a_notebook(end, flips):
    data = bytearray(WHOLE)
    for place, bit in flips:
        data[place] ^= 1 << bit
    try:
        notebook, kept = parse(bytes(data[:end]))
    except Unreadable:
        return
    assert isinstance(json.loads(kept)["cells"], list) and notebook["cells"] is not None

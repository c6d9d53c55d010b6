"""Votes are kept a line each, merged from a class, and what is no vote is named with its file and line."""

import json

import pytest

from diffusion_lessons.metrics.preference.votes import Vote, decided, file_of, keep, read_votes

VOTE = Vote("anna", "001 a seven", "scale 1", "scale 4", "right", 1.5)


def test_what_is_kept_is_read_back(tmp_path):
    other = Vote("anna", "002 a seven", "scale 1", "scale 4", "neither")
    for vote in (VOTE, other):
        keep(tmp_path / "votes", vote)
    assert read_votes(tmp_path / "votes") == [VOTE, other] == read_votes(file_of(tmp_path / "votes", "anna"))
    assert VOTE.winner == "scale 4" and other.winner is None and decided([VOTE, other]) == [VOTE]


def test_a_class_is_merged_and_a_copy_counts_once(tmp_path):
    ben = Vote("ben", "001 a seven", "scale 4", "scale 1", "left")
    for folder, vote in (("one", VOTE), ("two", ben), ("two", VOTE)):
        keep(tmp_path / folder, vote)
    assert read_votes(tmp_path / "one", tmp_path / "two") == [VOTE, ben]


def test_two_people_of_one_name_are_told_apart_by_being_refused(tmp_path):
    keep(tmp_path / "one", VOTE)
    keep(tmp_path / "two", Vote("anna", "001 a seven", "scale 1", "scale 4", "left"))
    with pytest.raises(ValueError, match=r"anna chose twice for 001 a seven, in .*one.*two"):
        read_votes(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize(
    "line", ["no json", "[]", '{"person": "anna"}', json.dumps({**vars(VOTE), "chosen": "up"}), '{"x": 1}']
)
def test_a_line_that_is_no_vote_is_named(tmp_path, line):
    keep(tmp_path, VOTE)
    with open(tmp_path / "anna.jsonl", "a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ValueError, match=r"anna.jsonl, line 2, is no vote"):
        read_votes(tmp_path)


@pytest.mark.parametrize("change", [{"person": "../anna"}, {"person": ""}, {"chosen": "both"}, {"left": "scale 4"}])
def test_what_is_no_vote_cannot_be_made(change):
    with pytest.raises(ValueError, match="name|chosen|both sides"):
        Vote(**{**vars(VOTE), **change})


def test_places_without_votes_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no votes in"):
        read_votes(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="nothing to count yet"):
        decided(read_votes(tmp_path))

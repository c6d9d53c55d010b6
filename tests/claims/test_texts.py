"""The claims are C1 to C31, each one sentence in words of our own, and each of the two texts is named."""

from claims import CLAIMS, SOURCES


def test_they_are_numbered_without_a_gap():
    assert list(CLAIMS) == [f"C{number}" for number in range(1, 32)]


def test_each_is_said_once_and_ends_as_a_sentence():
    texts = [claim.text for claim in CLAIMS.values()]
    assert len(set(texts)) == len(texts)
    assert all(not text[0].islower() and text.endswith(".") for text in texts)
    assert all(not claim.waits_for.endswith(".") for claim in CLAIMS.values())  # it stands within a sentence


def test_both_sources_are_named():
    assert list(SOURCES) == ["Text 1", "Text 2"] and all(SOURCES.values())

"""The votes that ship are marked as simulated, and are what the code makes."""

from diffusion_lessons.metrics.preference.agreement import agreement, left_share
from diffusion_lessons.metrics.preference.pairs import WAYS
from diffusion_lessons.metrics.preference.simulated import FILE, STRENGTHS, simulated_votes, write
from diffusion_lessons.metrics.preference.strengths import bradley_terry


def test_no_vote_that_ships_passes_for_a_persons():
    votes = simulated_votes()
    assert votes and all(vote.simulated and vote.person.startswith("simulated-") for vote in votes)
    assert {name for vote in votes for name in (vote.left, vote.right)} == set(WAYS) == set(STRENGTHS)


def test_the_file_is_what_the_code_makes(tmp_path):
    assert write(tmp_path / "again.jsonl").read_bytes() == FILE.read_bytes()


def test_the_whole_analysis_runs_on_them():
    votes = simulated_votes()
    found = bradley_terry(votes)
    assert found.values[found.names.index("scale 1")] == min(found.values)
    assert agreement(votes).agree.of > 100 and left_share(votes).of > 80

"""The tables that ship: of the shipped checkpoints, undamaged, and the page says what they say."""

import dataclasses
import json

import pytest
from tables import measured, plans_of

from claims.register import HELD_OUT
from diffusion_lessons import schedules, toys
from diffusion_lessons.benchmark import noise, plans, shipped, table
from diffusion_lessons.benchmark.latency import conditions
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.intervals import p_value
from diffusion_lessons.metrics.scores import Score
from diffusion_lessons.sampling import Settings

TABLES = sorted(places.measurements().glob("*.jsonl"))


@pytest.mark.parametrize("file", TABLES, ids=lambda file: file.stem)
def test_shipped_tables_are_of_the_shipped_checkpoints(file):
    name = file.stem.removesuffix(noise.ENDING)
    rows = shipped.rows(name) if name == file.stem else table.read(file, cards.read_card(name)["sha256"])
    for row in rows:
        assert row.checkpoint == name and row.device and row.torch
        if row.features:
            data = row.features.split()[0]
            judge = "captions-contrastive" if data == "captions" else f"{data}-classifier"
            assert row.features_sha256 == cards.read_card(judge)["sha256"]
            assert row.reference_sha256 == cards.read_card(f"{data}-features")["sha256"]
            assert all(score.replicates for score in row.quality.values()), row.settings  # what pairs it with others


@pytest.mark.parametrize("name", [name for name in measured() if not name.startswith("cifar10")])
def test_a_shipped_table_holds_its_whole_plan(name):
    """As many samples as are planned, or as there are held-out images; rows of CIFAR-10 are still being drawn."""
    found, most = shipped.rows(name), HELD_OUT[name.split("-")[0]]
    groups = [group for plan in plans_of(name) for group in plans.groups(plan, cards.read_card(name))]
    planned = [(settings, min(group.samples, most)) for group in groups for settings in group.settings]
    assert planned
    missing = [
        f"{settings}, {count} samples"
        for settings, count in planned
        if count not in {row.samples for row in shipped.matching_rows(found, settings)}
    ]
    assert not missing


def test_the_ledger_says_what_was_measured_and_what_follows(tmp_path, monkeypatch):
    entry = shipped.ledger()["C2a"]
    assert entry["claim"] == "At ten steps quality starts to degrade visibly."
    assert {"on", "verdict", "level", "numbers"} <= set(entry["evidence"][0])
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    assert shipped.ledger() == {}


@pytest.mark.parametrize("content", ["{}", '{"C2a": 3}', '{"C2a": {"claim": "x"}}'])
def test_a_file_without_claims_is_no_ledger(content, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    (tmp_path / shipped.LEDGER).write_text(content)
    with pytest.raises(ValueError, match=r"claims\.json is no ledger of claims: put a copy of it back"):
        shipped.ledger()


def test_a_table_of_another_checkpoint_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    monkeypatch.setattr(cards, "read_card", lambda name: {"sha256": "of the shipped one"})
    denoise = toys.GaussianMixture([[0.0]], stds=1.0).denoiser(schedules.cosine())
    denoise.card = {"sha256": "of an older one"}
    row = measure(denoise, Settings("ddim", 2), repeats=1)
    table.append(tmp_path / "net.jsonl", row)
    with pytest.raises(ValueError, match="measured on checkpoint of an older"):
        shipped.rows("net")
    denoise.card = {"sha256": "of the shipped one"}
    (tmp_path / "net.jsonl").unlink()
    table.append(tmp_path / "net.jsonl", measure(denoise, Settings("ddim", 2), repeats=1))
    assert len(shipped.rows("net")) == 1
    with pytest.raises(shipped.NotMeasured, match="no row of"):
        shipped.find(shipped.rows("net"), Settings("ddim", 3))
    with pytest.raises(FileNotFoundError, match="diffusion-lessons benchmark other"):
        shipped.rows("other")


def test_latency_measured_apart_is_joined_to_the_quality_in_the_same_settings():
    denoise = toys.GaussianMixture([[0.0]], stds=1.0).denoiser(schedules.cosine())
    timed = measure(denoise, Settings("ddim", 2, batch=5), repeats=3)
    quality = dataclasses.replace(timed, samples=40, seconds_per_image=None, repeats=0)
    other = dataclasses.replace(quality, settings=Settings("ddim", 3, batch=5))
    joined = {row.key: row for row in shipped.with_latency([timed, quality, other])}
    assert joined[quality.key].seconds_per_image == timed.seconds_per_image and joined[quality.key].repeats == 3
    assert joined[other.key].seconds_per_image is None


def test_quality_of_a_gpus_large_batches_takes_the_latency_of_another_batch_and_says_where_it_was_timed():
    quality = plain("one", 50, repeats=0, seconds_per_image=None, device="cuda: a GPU")
    settings = {batch: dataclasses.replace(quality.settings, batch=batch) for batch in (5, 1000)}
    timed = dataclasses.replace(quality, samples=0, repeats=3, seconds_per_image=0.5, device="cpu: a CPU", cores=7)
    timed = dataclasses.replace(timed, settings=settings[5])
    quality = dataclasses.replace(quality, settings=settings[1000])
    [_, joined] = shipped.with_latency([timed, quality])
    assert (joined.seconds_per_image, joined.settings.batch, joined.timed_on, joined.cores) == (0.5, 5, "cpu: a CPU", 7)
    assert (joined.device, joined.samples, joined.quality) == ("cuda: a GPU", 50, quality.quality)
    assert "a GPU" not in conditions(joined) and "batch 5" in conditions(joined)
    same = dataclasses.replace(timed, seconds_per_image=0.1, settings=settings[1000])
    assert shipped.with_latency([same, timed, quality])[2].seconds_per_image == 0.1
    other = dataclasses.replace(timed, seconds_per_image=0.2, settings=dataclasses.replace(settings[5], batch=7))
    later = dataclasses.replace(timed, seconds_per_image=0.3)
    assert shipped.with_latency([timed, other, later, quality])[-1].seconds_per_image == 0.3  # the last of any batch


def test_latency_of_a_compiled_network_is_that_of_no_other():
    quality = plain("one", 50, repeats=0, seconds_per_image=None)
    timed = dataclasses.replace(quality, samples=0, repeats=3, seconds_per_image=0.5, compiled=True)
    assert shipped.with_latency([timed, quality])[1].seconds_per_image is None
    compiled = dataclasses.replace(quality, compiled=True)
    assert shipped.with_latency([timed, compiled])[1].seconds_per_image == 0.5


def plain(checkpoint: str, samples: int, **changes):
    denoise = toys.GaussianMixture([[0.0]], stds=1.0).denoiser(schedules.cosine())
    row = measure(denoise, Settings("ddim", 1), repeats=1)
    quality = {"frechet": Score(2.0, 0.1, 1.0, 0.1, samples)}
    return dataclasses.replace(row, checkpoint=checkpoint, samples=samples, quality=quality, **changes)


def test_tables_are_compared_at_the_largest_count_that_all_have():
    one, two = [plain("one", 50), plain("one", 90), plain("one", 70)], [plain("two", 50), plain("two", 70)]
    assert [(row.checkpoint, row.samples) for row in shipped.comparable(one, two)] == [("one", 70), ("two", 70)]
    assert [row.samples for row in shipped.comparable(one)] == [90]
    assert [row.samples for row in shipped.comparable(one, two, samples=50)] == [50, 50]
    with pytest.raises(shipped.NotMeasured, match="equally many samples.*one: 50, 70, 90; three: 60"):
        shipped.comparable(one, [plain("three", 60)])
    with pytest.raises(shipped.NotMeasured, match="90 samples in every table.*two: 50, 70"):
        shipped.comparable(one, two, samples=90)
    with pytest.raises(ValueError, match="different features"):
        shipped.comparable(one, [plain("two", 70, features_sha256="other")])
    with pytest.raises(ValueError, match="from other real images"):
        shipped.comparable(one, [dataclasses.replace(plain("two", 50), reference_sha256="another")])


def test_guided_unclipped_and_timed_rows_are_left_out_of_a_comparison():
    row = plain("one", 50)
    guided, bare = (
        dataclasses.replace(row, settings=row.settings.changed(**more), samples=80)
        for more in ({"scale": 2.0}, {"limit": None})
    )
    timed = dataclasses.replace(row, samples=0, quality={})
    assert shipped.comparable([guided, row, bare, timed]) == [row]


def test_measurements_are_json_but_for_pictures_of_a_training():
    if places.measurements().is_dir():
        files = [each for each in places.measurements().rglob("*") if each.is_file()]
        written = [each for each in files if not each.name.endswith("-training.png")]
        assert {each.suffix for each in written} <= {".jsonl", ".json", ".md"}
        for file in places.measurements().glob("*.json"):
            json.loads(file.read_text(encoding="utf-8"))


SETTINGS = {
    "DDIM 10": Settings("ddim", 10),
    "DDIM 50": Settings("ddim", 50),
    "DPM++2M 10": Settings("dpm_solver_pp_2m", 10),
    "eta 1 in 20": Settings("ddim", 20, options={"eta": 1.0}),
}


@pytest.mark.parametrize(
    ("one", "other", "difference", "told"),
    [
        ("DDIM 10", "DDIM 50", -0.080, True),
        ("DPM++2M 10", "DDIM 50", -0.077, True),
        ("eta 1 in 20", "DDIM 50", -0.226, True),
        ("DDIM 10", "DPM++2M 10", -0.004, False),
    ],
)
def test_paired_rows_tell_what_independent_errors_would_leave_open(one, other, difference, told):
    """Fréchet distances of mnist-small-diffusion, 2,000 samples, beside differences of other draws, whose errors were
    0.015 to 0.07: ten steps are nearer to the data than fifty. The paired error is less than half of that of two
    independent rows."""
    rows = shipped.rows("mnist-small-diffusion")
    first, second = (shipped.find(rows, SETTINGS[name], 2000).quality["frechet"] for name in (one, other))
    paired, alone = first.number - second.number, (first.spread**2 + second.spread**2) ** 0.5
    assert abs(paired.n - difference) < 2 * (paired.s**2 + 0.025**2) ** 0.5
    assert (p_value(paired) < 0.001) == told
    assert paired.s < alone / 2 or one == "eta 1 in 20"  # whose own noise is not shared

"""A sweep that was stopped anywhere goes on to the same rows; files that cannot be trusted are refused."""

import copy
import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from accelerate import debug_launcher
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion_lessons import schedules, toys
from diffusion_lessons.benchmark import kept, table
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.benchmark.sweep import sweep
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.sampling import Settings
from tests.made import of_points

MIXTURE = toys.GaussianMixture([[-2.0], [1.0]], stds=[0.4, 0.6])
PATH = schedules.cosine()
GRID = [Settings(sampler, steps, limit=None) for sampler in ("ddim", "ddpm") for steps in (1, 2, 3)]
TIMING = ("seconds_per_image", "seconds_q1", "seconds_q3", "load")


def exact(sha256="exact"):
    denoise = MIXTURE.denoiser(PATH)
    denoise.card = {"sha256": sha256}
    return denoise


def points():
    generator = torch.Generator().manual_seed(1)
    return of_points(MIXTURE.sample(60, generator), MIXTURE.sample(60, generator))


def run(file, grid=GRID, sha256="exact", **options):
    options = {"evaluator": points(), "metrics": ["kernel"], "samples": 40, "repeats": 1, "progress": False, **options}
    return sweep(exact(sha256), grid, file, **options)


def without_times(rows):
    return [dataclasses.replace(row, **dict.fromkeys(TIMING)) for row in rows]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    file = tmp_path_factory.mktemp("sweep") / "whole.jsonl"
    return file, list(run(file))


@settings(max_examples=12)
@given(share=st.floats(0, 1))
def test_a_kill_at_any_byte_changes_nothing(unbroken, tmp_path_factory, share):
    whole, rows = unbroken
    content = whole.read_bytes()
    file = tmp_path_factory.mktemp("killed") / "rows.jsonl"
    file.write_bytes(content[: int(share * len(content))])
    assert without_times(run(file)) == without_times(rows)
    assert len(table.read(file)) == len(GRID)
    assert set(without_times(table.read(file))[0].quality) == {"kernel"}


def test_rows_of_another_toy_or_path_are_refused(tmp_path):
    file, narrow = tmp_path / "t.jsonl", toys.GaussianMixture([[-2.0], [1.0]], stds=0.1)
    list(sweep(MIXTURE.denoiser(PATH), GRID[:1], file, samples=40, repeats=1, progress=False))
    for other in (narrow.denoiser(PATH), MIXTURE.denoiser(schedules.ddpm_linear())):
        with pytest.raises(ValueError, match="rows of two networks cannot be compared"):
            sweep(other, GRID[:1], file, samples=40, repeats=1, progress=False)


def test_ctrl_c_keeps_what_was_measured_and_nothing_is_measured_twice(unbroken, tmp_path, monkeypatch):
    from diffusion_lessons.benchmark import sweep as module

    done = []

    def measured(denoise, settings, **options):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(settings)
        return original(denoise, settings, **options)

    original = module.measure
    monkeypatch.setattr(module, "measure", measured)
    with pytest.raises(KeyboardInterrupt):
        list(run(tmp_path / "rows.jsonl"))
    assert [row.settings for row in table.read(tmp_path / "rows.jsonl")] == GRID[:2]
    monkeypatch.setattr(module, "measure", lambda *a, **k: done.append(a[1]) or original(*a, **k))
    assert without_times(run(tmp_path / "rows.jsonl")) == without_times(unbroken[1])
    assert done == GRID


def test_damaged_and_foreign_files_are_refused_with_the_reason(unbroken, tmp_path):
    text = unbroken[0].read_text()
    lines = text.splitlines(keepends=True)
    for name, content, message in (
        ("edited.jsonl", text.replace('"ddpm"', '"ddmp"', 1), "line 4: damaged or edited.*unknown sampler 'ddmp'"),
        ("cut.jsonl", text.replace("}\n", "\n", 1), "line 1: damaged"),
        ("hole.jsonl", "".join([*lines[:2], "\n", *lines[3:]]), "line 3: damaged"),
        ("number.jsonl", "7\n", "line 1: damaged"),
        ("fewer.jsonl", text.replace('"nfe"', '"n"', 1), "line 1: damaged"),
        ("rows.csv", "name,age\nada,36\n", "tables of measurements are JSON lines; .* ends in .jsonl"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=message):
            list(run(tmp_path / name))
        assert (tmp_path / name).read_text() == content
    file = tmp_path / "theirs.jsonl"
    file.write_text(text)
    with pytest.raises(ValueError, match="line 1: measured on checkpoint exact, and this one is 1234"):
        list(run(file, sha256="1234"))
    with pytest.raises(ValueError, match="holds rows in points, and not in Inception"):
        run(file, evaluator=dataclasses.replace(points(), name="Inception", sha256="5678"))


def test_two_processes_give_the_rows_of_one(unbroken, tmp_path):
    file = tmp_path / "two.jsonl"
    debug_launcher(_quality_only, (file,), num_processes=2)
    ours = {row.key: row.quality for row in table.read(file)}
    assert ours == {row.key: row.quality for row in unbroken[1]}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["two.features", "two.jsonl"]


def _quality_only(file):
    list(run(file, repeats=0))


def test_a_row_that_another_process_is_measuring_is_left_to_it_and_taken_over_if_that_dies(unbroken, tmp_path):
    file = tmp_path / "rows.jsonl"
    first = kept.place(file, GRID[0], 40, 0)
    code = "import sys; from pathlib import Path; from diffusion_lessons.machine.files import Lock; "
    code += "lock = Lock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    other = subprocess.Popen([sys.executable, "-c", code, first], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline().strip() == b"held"
    rows = run(file, repeats=0)
    assert [next(rows).settings for _ in GRID[1:]] == GRID[1:]  # all but the one that is held
    other.kill()
    assert [row.settings for row in rows] == GRID[:1]
    other.communicate()


def test_a_figure_that_a_row_lacks_comes_from_its_kept_features(unbroken, tmp_path, monkeypatch):
    from diffusion_lessons.benchmark import sweep as module

    file = tmp_path / "rows.jsonl"
    before = list(run(file, repeats=0))
    sampled = []
    monkeypatch.setattr(module, "measure", lambda *a, **k: sampled.append(a[1]) or measure(*a, **k))
    after = list(run(file, repeats=0, metrics=["kernel", "recall"]))
    assert [set(row.quality) for row in after] == [{"kernel", "recall"}] * len(GRID) and not sampled
    assert [row.quality["kernel"] for row in after] == [row.quality["kernel"] for row in before]
    whole = list(run(tmp_path / "other.jsonl", repeats=0, metrics=["recall"]))
    for one, other in zip(after, whole, strict=True):  # up to their half precision
        assert one.quality["recall"].value == pytest.approx(other.quality["recall"].value, abs=0.05)

    damaged = kept.place(file, GRID[1], 40, 0)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    kept.place(file, GRID[2], 40, 0).unlink()
    sampled.clear()
    with pytest.warns(UserWarning, match=f"{damaged.name}.*cut short.*The row is sampled again") as told:
        rows = list(run(file, repeats=0, metrics=["kernel", "precision"]))
    assert len(told) == 1  # and once
    assert sampled == [GRID[1], GRID[2]] and all("precision" in row.quality for row in rows)
    assert len(kept.features_of_row(rows[1], file).features) == 40
    with pytest.raises(ValueError, match="holds features of checkpoint_sha256 exact"):
        kept.read(damaged, "1234", "none")


def test_rows_against_other_real_images_are_refused(unbroken, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(unbroken[0].read_bytes())
    with pytest.raises(ValueError, match="distances from other real images"):
        run(file, evaluator=dataclasses.replace(points(), reference="others"))


def test_latency_alone_goes_into_a_table_of_quality(unbroken, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(unbroken[0].read_bytes())
    timed = list(run(file, evaluator=None, samples=0, repeats=2))
    rows = table.read(file)
    assert len(rows) == 2 * len(GRID) and [row.samples for row in rows[len(GRID) :]] == [0] * len(GRID)
    assert all(row.repeats == 2 and not row.quality for row in timed)


def test_latency_is_measured_by_one_process(tmp_path, monkeypatch):
    from diffusion_lessons.machine.processes import Processes

    monkeypatch.setattr(Processes, "world", property(lambda self: 2))
    with pytest.raises(ValueError, match="one process alone"):
        run(tmp_path / "rows.jsonl")


def test_two_sweeps_of_latency_do_not_disturb_one_another(tmp_path, monkeypatch):
    def held(file, seconds=0.0):
        raise BlockingIOError("held")

    monkeypatch.setattr("diffusion_lessons.benchmark.sweep.Lock", held)
    with pytest.raises(ValueError, match="another process measures latency"):
        list(run(tmp_path / "rows.jsonl"))


def test_mistakes_are_told_at_the_call(tmp_path):
    with pytest.raises(ValueError, match="empty grid"):
        run(tmp_path / "rows.jsonl", grid=[])
    with pytest.raises(ValueError, match="nothing to guide"):
        run(tmp_path / "rows.jsonl", grid=[*GRID, Settings("ddim", 3, scale=2.0)])
    with pytest.raises(ValueError, match=r"whose name ends in \.jsonl"):
        run(tmp_path / "rows.csv")
    assert not list(tmp_path.iterdir())


def test_rows_of_a_compiled_network_stand_beside_the_others(tmp_path):
    """They say so, and neither is taken for the other: their latencies differ."""
    file = tmp_path / "rows.jsonl"
    plain = Denoiser(torch.nn.Identity(), PATH, "x0", shape=(1,))
    plain.network.forward = lambda x, t: 0 * x
    compiled = copy.copy(plain)
    compiled.network = torch.nn.Sequential(plain.network)
    compiled.network.forward = plain.network.forward
    compiled.network._orig_mod = plain.network  # as torch.compile leaves it
    for denoise in (plain, compiled, plain, compiled):
        rows = sweep(denoise, [Settings("ddim", 2)], file, samples=0, repeats=1, progress=False)
        assert [row.compiled for row in rows] == [denoise is compiled]
    assert [row.compiled for row in table.read(file)] == [False, True]


def test_a_sweep_over_numpys_numbers_and_tuples_keeps_its_rows_and_repeats_nothing(tmp_path):
    """Both come back from JSON as other types."""
    times, orders = (1000.0, 600.0, 200.0, 0.0), (2, 2, 1)
    grid = [
        Settings("dpm_solver_fast", 3, limit=None, options={"orders": orders}, placed=np.array(times)),
        Settings("ddim", np.int64(2), limit=None, options={"eta": np.float32(0.5)}, rescale=np.float64(0)),
        Settings("ddim", 2, limit=None, scale=np.float32(1), batch=np.int64(9)),
    ]
    rows = [list(run(tmp_path / "rows.jsonl", grid)) for _ in range(2)]
    assert rows[0] == rows[1] and len((tmp_path / "rows.jsonl").read_text().splitlines()) == 3
    back = [Settings(**json.loads(json.dumps(dataclasses.asdict(row.settings)))) for row in rows[0]]
    assert back == grid and list(map(str, back)) == list(map(str, grid))

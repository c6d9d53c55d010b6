"""`techniques` and `advise` on a table whose outcomes are known."""

import dataclasses

import pytest

from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.techniques.technique_table import shipped_file
from diffusion_lessons.commands import techniques as commands
from diffusion_lessons.commands.techniques import run_techniques, show_advice
from diffusion_lessons.machine import places
from tests.benchmark.techniques.made_techniques import NAME, techniques


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    for one in techniques():
        table.append(shipped_file(NAME), one)
    return tmp_path


def test_each_technique_beside_fewer_steps(shipped, capsys):
    verdicts = run_techniques(NAME, figure=shipped / "figure.png")
    words = {one.row.techniques[0]: one.word for one in verdicts}
    assert words == {"int8": "better", "features every 3": "undecided", "1 block less": "worse", "compiled": "alone"}
    printed = capsys.readouterr().out
    assert "1 better, 1 worse, 1 undecided, 1 alone: frechet at batch 25" in printed
    assert "int8: ddim@5: better than ddim@2, with 8% of the images in 5 steps, a difference of -2.73" in printed
    assert (shipped / "figure.png").stat().st_size > 10_000


def test_advice_for_a_budget_and_for_the_three_uses(shipped, capsys):
    (advice,) = show_advice(NAME, budget_ms=12, batch=1, metric="frechet")
    assert (advice.best.settings.steps, advice.best.techniques) == (5, ())
    assert advice.runner_up.techniques == ("int8",)
    assert "take      digits-diffusion (as it is), ddim@5: 10 ms" in capsys.readouterr().out
    assert len(show_advice(NAME, budget_ms=None, batch=1, metric="frechet", use="all")) == 3
    printed = capsys.readouterr().out
    assert "live editing" in printed and "any time for 25 at once" in printed and "not measured: any machine" in printed


def test_networks_are_an_advice_of_their_own(shipped, capsys, monkeypatch):
    rows = [row for row in techniques() if row.quality and row.techniques == ()]
    timed = [row for row in techniques() if not row.quality and row.settings.batch == 1]
    monkeypatch.setattr(commands, "network_rows", lambda batch: commands.at_batch([*rows, *timed], batch))
    found = show_advice(NAME, budget_ms=12, batch=1, metric="frechet", networks=True)
    assert len(found) == 2 and all(not row.techniques for row in (found[1].best, found[1].runner_up))
    printed = capsys.readouterr().out
    assert "among techniques on digits-diffusion, " in printed and "among networks, " in printed
    assert "not measured: techniques on these networks" in printed
    quick = [dataclasses.replace(row, seconds_per_image=0.001, seconds_q3=0.001) for row in timed]
    monkeypatch.setattr(commands, "network_rows", lambda batch: commands.at_batch([*rows, *quick], batch))
    assert len(show_advice(NAME, budget_ms=1.5, batch=1, metric="frechet", networks=True)) == 1
    assert "among techniques on digits-diffusion: no row fits within 1.5 ms" in capsys.readouterr().out


def test_a_network_without_a_table_is_told_what_measuring_takes_and_nothing_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    monkeypatch.setattr(commands, "FOLDER", tmp_path / "own")
    for name in ("measure_candidates", "time_candidates"):
        monkeypatch.setattr(commands, name, None)
    assert run_techniques(NAME) == [] and list(tmp_path.iterdir()) == []
    printed = capsys.readouterr().out
    assert "no techniques were measured on digits-diffusion" in printed and "minutes" in printed
    assert "`diffusion-lessons techniques digits-diffusion --measure` does it" in printed
    table.append(tmp_path / "own" / f"{NAME}.jsonl", techniques()[0])  # a table of one's own is read
    with pytest.raises(NotMeasured, match="latency at batch 25"):
        run_techniques(NAME)


def test_all_is_measured_on_the_device_that_is_asked_for(tmp_path, monkeypatch):
    asked = []

    def noted(*arguments, **options):
        asked.append(options["device"])
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "FOLDER", tmp_path)
    monkeypatch.setattr(commands, "choose_device", lambda device: None)
    monkeypatch.setattr(commands, "candidates", lambda *arguments, **options: asked.append(options["device"]))
    monkeypatch.setattr(commands, "measure_candidates", noted)
    with pytest.raises(KeyboardInterrupt):
        run_techniques(NAME, measure=True, device="cuda")
    assert asked == ["cuda", "cuda"]


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="unknown device 'abacus'"):
        run_techniques(NAME, device="abacus")


def test_an_interruption_says_where_to_go_on(tmp_path, monkeypatch, capsys):
    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "FOLDER", tmp_path)
    monkeypatch.setattr(commands, "measure_candidates", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_techniques(NAME, measure=True)
    assert f"what was measured is kept in {tmp_path / NAME}.jsonl" in capsys.readouterr().out


def test_what_was_not_measured_is_refused(shipped, tmp_path):
    with pytest.raises(ValueError, match="not measured: latency at batch 4; there is latency at 1, 25"):
        show_advice(NAME, budget_ms=10, batch=4, metric="frechet")
    with pytest.raises(ValueError, match="no row has recall"):
        show_advice(NAME, budget_ms=10, batch=1, metric="recall")
    with pytest.raises(ValueError, match="measured at batch 1 and 25; got 4"):
        run_techniques(NAME, batch=4)
    with pytest.raises(ValueError, match="beauty"):
        run_techniques(NAME, metric="beauty")
    with pytest.raises(ValueError, match=r"\.png"):
        run_techniques(NAME, figure=tmp_path / "figure.txt")


def test_a_folder_that_is_of_no_use_is_told_before_anything_is_measured(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "measure_candidates", None)
    with pytest.raises(FileNotFoundError, match="is not a folder of images"):
        run_techniques("mnist-diffusion", measure=True, data=tmp_path / "nowhere")
    with pytest.raises(ValueError, match="spoils some of its own images: leave --data out"):
        run_techniques(NAME, measure=True, data=tmp_path)

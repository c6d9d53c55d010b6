"""The command line as a person meets it: help that is quick and true, one line for an error, files that are there."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import typer
from PIL import Image

from diffusion_lessons import checkpoints, cli, schedules
from diffusion_lessons.cli.options import listed, named_values, rows_and_columns
from diffusion_lessons.networks import UNet, UNetConfig
from diffusion_lessons.samplers import State

GROUP = typer.main.get_command(cli.app)


def every_command():
    """Every command by the words that call it: "sample", "class grade"."""
    inner = {f"class {name}": command for name, command in GROUP.commands["class"].commands.items()}
    return {**GROUP.commands, **inner}


TINY = ["--set", "images=256", "--set", "batch=64"]


def run(*arguments):
    """Exit status of the command line, in this process."""
    sys.argv = ["diffusion-lessons", *map(str, arguments)]
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [])


@pytest.fixture
def checkpoint(tmp_path):
    """A network that nobody trained, which samples nevertheless."""
    torch.manual_seed(0)
    network = UNet(UNetConfig(classes=3, widths=(8, 8), embedding=8))
    about = {"recipe": {"condition_dropout": 0.1}}
    names = ("0", "1", "smudged")
    file = tmp_path / "tiny.safetensors"
    return checkpoints.save(file, network, schedules.cosine(), "v", shape=(1, 8, 8), class_names=names, about=about)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB\nSee the documentation"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
    ids=["cuda", "mps", "cudnn"],
)
def test_memory_that_runs_out_is_one_line_on_every_device(monkeypatch, capsys, error):
    def full(**_):
        raise error

    monkeypatch.setattr(cli, "app", full)
    assert run("sample", "mnist-diffusion") == 1
    said = capsys.readouterr().err
    assert said.startswith("error: not enough memory: take fewer or smaller images at once") and said.count("\n") == 1


def test_help_imports_no_heavy_library():
    code = "import sys; from diffusion_lessons.cli import main; sys.argv[1:] = ['--help']\ntry: main()\n"
    code += "except SystemExit: sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'matplotlib')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in GROUP.commands)


@pytest.mark.parametrize("name", [name for name in every_command() if name != "class"])
def test_the_examples_in_the_help_are_commands(name, capsys):
    assert run(*name.split(), "--help") == 0
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    examples = [line for line in shown if line.startswith("diffusion-lessons ")]
    assert examples
    for example in examples:
        words = shlex.split(example)[1:]
        assert words[: len(name.split())] == name.split()
        every_command()[name].make_context(name, words[len(name.split()) :])  # a UsageError for an unknown option


def test_sample_writes_a_picture_and_an_animation(checkpoint, tmp_path, capsys):
    options = ["--label", "0,smudged", "--scale", "3", "--negative", "1", "--grid", "2x3", "--steps", "3"]
    assert run("sample", "--checkpoint", checkpoint, *options, "--out", "new/seven.png", "--trajectory") == 0
    assert Image.open("new/seven.png").size == (3 * 68 + 4, 2 * 68 + 4)
    assert Image.open("new/seven-trajectory.png").n_frames == 4
    assert "6 samples, 6 network evaluations each" in capsys.readouterr().out


def test_sample_means_the_same_twice(checkpoint):
    for out in ("a.png", "b.png", "c.png"):
        seed = "1" if out == "c.png" else "0"
        assert (
            run("sample", "--checkpoint", checkpoint, "--steps", 2, "--grid", "1x2", "--seed", seed, "--out", out) == 0
        )
    a, b, c = (Path(out).read_bytes() for out in ("a.png", "b.png", "c.png"))
    assert a == b != c


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "9"], "labels must lie in 0..2"),
        (["--label", "cow"], "no class 'cow'"),
        (["--negative", "1"], "needs a label"),
        (["--sampler", "magic"], "unknown sampler 'magic'"),
        (["--spacing", "odd"], "unknown spacing"),
        (["--steps", "0"], "at least 1"),
        (["--grid", "8"], "8x8"),
        (["--out", "a.nothing"], "use .png"),
        (["--device", "abacus"], "unknown device"),
        (["--label", "1", "--scale", "2", "--interval", "3", "1"], "low < high"),
        (["--label", "1", "--interval", "1", "3"], "changes nothing at --scale 1"),
        (["--scale", "3"], "--scale guides towards a condition: give --label or --prompt as well"),
        (["-o", "eta=0", "-o", "eta=1"], "eta is given twice"),
        (["-o", "corrected=no", "--sampler", "dpm_solver_pp_3m"], "corrected must be True or False; got 'no'"),
        (["-o", "pair=13", "--sampler", "dpm_solver_adaptive"], 'pair must be "12" or "23"; got 13'),
        (["-o", "orders=1", "--sampler", "dpm_solver_fast"], "orders must be numbers out of 1, 2, 3"),
        (["--grid", "100000x100000"], "a picture holds at most 10,000"),
        (["-o", "eta"], "NAME=VALUE"),
        (["-o", "eta=7"], "between 0 and 1"),
        (["-o", "eta=hello"], "between 0 and 1"),
        (["-o", "etta=1"], "etta"),
        (["-o", "seed=1"], "give --seed"),
        (["-o", "scale=3"], "give --scale"),
        (["-o", "labels=3"], "give --label"),
        (["-o", "steps=3"], "give --steps"),
        (["--precision", "int3"], "unknown precision 'int3'"),
    ],
)
def test_an_error_is_one_line(checkpoint, capsys, arguments, message):
    assert run("sample", "--checkpoint", checkpoint, "--steps", "2", "--grid", "1x1", *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and len(error.splitlines()) == 1


def test_missing_things_are_named(capsys):
    for arguments, message in (
        (["sample", "--checkpoint", "none.safetensors"], "no checkpoint"),
        (["train", "nothing"], "neither a recipe"),
        (["train", "digits", "--set", "colour=red"], "a recipe has no colour"),
        (["data", "nothing"], "neither a data set"),
        (["lab"], "no folder notebooks"),
    ):
        assert run(*arguments) == 1
        error = capsys.readouterr().err
        assert message in error and len(error.splitlines()) == 1


def test_a_warning_is_a_note(checkpoint, capsys):
    options = ["--label", "0", "--negative", "1", "--grid", "1x1", "--steps", "1"]
    assert run("sample", "--checkpoint", checkpoint, *options) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1 and "scale 1" in notes[0]


def test_train_then_sample(capsys):
    assert run("train", "digits", *TINY, "--out", "run", "--device", "cpu") == 0
    assert "loss " in capsys.readouterr().err
    assert Image.open("run/samples.png").size == (10 * 68 + 4, 4 * 68 + 4)
    assert run("sample", "--checkpoint", "run/digits-diffusion", "--label", "3", "--steps", "2", "--grid", "1x1") == 0


def test_distil_then_sample_in_the_steps_it_learned(capsys):
    assert run("distil", "digits-progressive-4", "--device", "cpu") == 1
    assert "make it first with `diffusion-lessons distil digits-progressive-8`" in capsys.readouterr().err
    assert run("distil", "digits-progressive-8", *TINY, "--device", "cpu") == 0
    assert "--sampler ddim --steps 8" in capsys.readouterr().err
    assert Image.open("runs/digits-progressive-8/samples.png").size == (10 * 68 + 4, 4 * 68 + 4)
    student = ["sample", "--checkpoint", "runs/digits-progressive-8/digits-progressive-8", "--grid", "1x1"]
    assert run(*student, "--steps", "8") == 0
    assert run(*student, "--steps", "4") == 1
    assert 'Use steps=8 with spacing="trailing"' in capsys.readouterr().err


def test_train_on_a_folder(tmp_path):
    for i in range(8):
        (tmp_path / "photos" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 12), (30 * i, 100, 0)).save(tmp_path / "photos" / "ab"[i % 2] / f"{i}.png")
    small = ["--size", "8", "--set", "images=64", "--set", "batch=32", "--kind", "flow"]
    assert run("train", "photos", *small, "--device", "cpu") == 0
    assert (tmp_path / "runs/photos-flow/photos-flow.safetensors").is_file()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])  # the second by schedulers and at a shutdown
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, sent):
    command = [sys.executable, "-m", "diffusion_lessons", "train", "digits", "--out", "run", "--device", "cpu"]
    with_bar = {name: value for name, value in os.environ.items() if name != "TQDM_DISABLE"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=with_bar) as process:
        assert process.stderr is not None
        seen = ""
        while "loss" not in seen and process.poll() is None:
            seen += process.stderr.read(1)
        process.send_signal(sent)
        seen += process.stderr.read()
    assert process.returncode == 130
    assert "--resume" in seen and "Traceback" not in seen and (tmp_path / "run/state.pt").is_file()
    assert run("train", "digits", "--out", "run", "--device", "cpu") == 1  # an unfinished run is not overwritten


def test_data_lists_and_describes(capsys):
    assert run("data") == 0
    assert "digits" in (listed := capsys.readouterr().out) and "embedded" in listed
    assert run("data", "digits", "--out", "digits.png") == 0
    assert "1,797 images" in capsys.readouterr().out
    assert Image.open("digits.png").size == (8 * 68 + 4, 10 * 68 + 4)


def test_texts_are_read():
    assert rows_and_columns("8x10") == rows_and_columns("8X10") == (8, 10)
    assert named_values(["eta=0.5", "n=3", "variance=large", "flip=true", "weighting=none"]) == {
        "eta": 0.5,
        "n": 3,
        "variance": "large",
        "flip": True,
        "weighting": None,
    }
    assert named_values(["orders=3, 2,1", "pair='12'", "name=a,b"]) == {
        "orders": [3, 2, 1],
        "pair": "12",
        "name": "a,b",
    }
    assert listed("10, 20", int) == [10, 20] and listed("7", str) == ["7"]
    with pytest.raises(ValueError, match="separated by commas"):
        listed("10,x", int)
    for text in ("8", "0x3", "ax2", "8x", "8x-1"):
        with pytest.raises(ValueError, match="ROWSxCOLUMNS"):
            rows_and_columns(text)


def test_options_of_a_sampler_reach_it_as_they_are_meant(checkpoint):
    sample = ["sample", "--checkpoint", checkpoint, "--grid", "1x1", "--steps", "2"]
    assert run(*sample, "--sampler", "dpm_solver_adaptive", "-o", "pair=12", "-o", "rtol=0.5") == 0
    assert run(*sample, "--sampler", "dpm_solver_fast", "-o", "orders=3,1") == 0


def test_a_place_that_cannot_be_written_is_said_before_the_work(checkpoint, monkeypatch, capsys):
    monkeypatch.setattr("diffusion_lessons.commands.sample.generate", lambda *_, **__: pytest.fail("it sampled"))
    monkeypatch.setattr("diffusion_lessons.commands.orders.errors", lambda: pytest.fail("it measured"))
    Path("file").write_text("")
    for out in ("noext", "file/picture.png", "."):
        for command in (["sample", "--checkpoint", checkpoint], ["orders"], ["frontier"], ["data", "digits"]):
            assert run(*command, "--out", out) == 1
            assert len(capsys.readouterr().err.splitlines()) == 1


def test_samples_that_are_no_numbers_are_not_drawn(checkpoint, monkeypatch, capsys):
    from diffusion_lessons.commands import sample

    def broken(*_, **__):
        x = torch.zeros(2, 1, 8, 8)
        x[1, 0, 0, 0] = torch.nan
        return [State(0.0, x, None)]

    monkeypatch.setattr(sample, "generate", broken)
    assert run("sample", "--checkpoint", checkpoint, "--grid", "1x2") == 1
    assert "1 of 2 samples are NaN or infinite, and no picture was written" in capsys.readouterr().err
    assert not Path("samples.png").exists()

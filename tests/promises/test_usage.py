"""Nothing that a person types ends in a traceback, and nothing wrong is accepted in silence."""

import re
import sys
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from diffusion_lessons import checkpoints, cli, schedules
from diffusion_lessons.networks import UNet, UNetConfig

GROUP = typer.main.get_command(cli.app)
INNER = {f"class {name}": command for name, command in GROUP.commands["class"].commands.items()}
COMMANDS = {name: command for name, command in {**GROUP.commands, **INNER}.items() if name != "class"}
SET = "train digits --device cpu --set images=64 --set batch=32 --set"
DISTIL = "distil digits-progressive-8 --device cpu"

# Whole command lines that are wrong, after `diffusion-lessons`; FILE is a file, EMPTY an empty folder, NET a network,
# BARE one without data.
WRONG = {
    "": """sampel|--colour|class gade""",
    "tour": """--out FILE|--out FILE/x|--device cuda|--device abacus|--seed -1""",
    "doctor": """now|--ship|--samples 9|--data digits|--checkpoint digits-diffusion --data digits --ship
        --checkpoint digits-diffusion --data digits --samples 9""",
    "samplers": "ddim",
    "data": """nothing|digits --size 0|digits --size 100000|~nobody|EMPTY|FILE|digits --out noext
        digits --out FILE/x.png|--out a.png|--size 4""",
    "orders": "--out noext|--out FILE/x.png|--out EMPTY",
    "lab": "--folder nowhere|--folder FILE",
    "train": """nothing|EMPTY|FILE|~nobody|digits --minutes 0|digits --minutes -1|digits --size 0|digits --size 99999
        digits --seed -1|digits --seed 99999999999999999999|digits --kind gan|digits --precision int8
        digits --device cuda|digits --out FILE|digits --out FILE/x|captions-judge --kind flow|captions-judge --size 32
        captions-judge --set predicts=v|captions-diffusion --set cached=0 --device cpu""",
    "sample": """--steps 0|--steps -3|--steps 1e3|--steps 99999999999|--grid 0x1|--grid 8|--grid -1x2|--grid 99999x99999
        --scale nan --label 0|--scale inf --label 0|--scale 3|--label 0 --rescale 0.5|--label 0 --scale 2 --rescale 2
        --label 0 --scale 2 --interval 3 1|--label 0 --scale 2 --interval nan 1|--label 9|--label cow|--label 0,,1
        --label -1|--negative 1|--label 0 --scale 2 --negative dog|--sampler magic|--sampler ddim_inversion
        --spacing odd|-o eta|-o eta=abc|-o eta=nan|-o =1|-o eta=0 -o eta=1|-o generator=1|--precision int3|--out noext
        --out EMPTY|--out FILE/a.png|--device abacus|--device cuda:x|--seed -5|--seed 1.5|--checkpoint none
        --checkpoint FILE|--checkpoint EMPTY|--checkpoint damaged|--prompt seven""",
    "distil": "nothing|digits-progressive-8 --seed -1|digits-progressive-8 --minutes -1",
    "benchmark": """none|damaged|BARE|NET --plan odd|NET --quick --plan curve|NET --samples -5|NET --samples 0
        NET --batch 0|NET --out x.jsonl --ship|NET --seed -1|NET --device abacus""",
    "evaluate": """none|damaged|BARE|NET --samples -5|NET --samples 1|NET --batch 0|NET --sampler ddim --steps 0
        NET --steps 5|NET --sampler magic|NET -o eta=1|NET --sampler ddim -o eta=9
        NET --precision int3|NET --device abacus""",
    "optimise": """none --out a.json|NET|NET --out noext|NET --out a.json --cache-features 0
        NET --out a.json --steps 0|NET --out a.json --sampler magic|NET --out a.json --precision int3
        NET --out a.json --prune-channels 2|NET --out a.json --drop-head x|NET --out a.json --interval 0.2 3
        NET --out a.json --samples -1""",
    "techniques": "none|NET --batch 3|NET --metric beauty|NET --samples 0",
    "advise": "none|--metric beauty|--budget-ms -1|--batch 0|--use odd",
    "probe": "nowhere|FILE|damaged|BARE|NET --samples 0|NET --samples -5",
    "frontier": """none|none.jsonl|table.jsonl|empty.jsonl|--x beauty|--quality beauty|--budget -1|--budget nan
        --out noext|--out EMPTY|--out FILE/x.png""",
    "classifier": """nothing|EMPTY|digits --recipe magic|digits --size 0|digits --seed -1|digits --out FILE
        digits --device abacus""",
    "features": "digits --classifier none|nothing --classifier none|digits --classifier none --count 0|digits",
    "class new": "FILE|FILE/course",
    "class release": "A1 --course nowhere|A9 --course EMPTY",
    "class collect": "A1 nowhere --course EMPTY|A1 nowhere --course nowhere",
    "class grade": """A1 --course nowhere|A1 --course EMPTY --processes 0|A1 --course EMPTY --part x
        A1 --course EMPTY --part 3/2""",
    "class report": "A1 --course nowhere|A1 --course EMPTY --also nowhere",
    "class feedback": "A1 --course nowhere",
}
FIELDS = {
    SET: """batch=0 images=0 batch=-4 batch=16.0 learning_rate=abc learning_rate=-1 learning_rate=nan ema_share=x
        ema_share=2 network=unet condition_dropout=5 condition_dropout=-1 coupling=optimum coupling=optimal clip_norm=-1
        warm_up=-1 warm_up=2 flip=no times=log_normal predicts=noise predicts=velocity weighting=heavy smudged=3
        weight_decay=-1 kind=flow data=nothing path=cosine colour=red batch compile=maybe other_shares=0.5""",
    f"{DISTIL} --set": "batch=0 images=x sampling_steps=0 teacher=nowhere",
    "distil digits-reflow --device cpu --set": "pairs=0 solver=magic solver_steps=0 one_step=maybe",
    "distil digits-consistency --device cpu --set": "huber=-1 solver=abc growth=fast target=moon times=logit_normal",
}


def split(text):
    return [" ".join(case.split()) for line in text.splitlines() for case in line.split("|")]


TYPED = [f"{command} {case}".strip() for command, cases in WRONG.items() for case in split(cases)]
SETTINGS = [f"{command} {case}" for command, cases in FIELDS.items() for case in cases.split()]


def of_wrong_types():
    """Every command with an option that it does not have, and with words for every number and every choice."""
    for name, command in COMMANDS.items():
        needed = " ".join("x" for one in command.params if one.param_type_name == "argument" and one.required)
        shown = CliRunner().invoke(cli.app, [*name.split(), "--help"]).output
        kinds = re.findall(r"^ +(--[\w-]+) <(?:int|float|[^>]*[|])", shown, re.MULTILINE)
        yield from (f"{name} {needed} {wrong}" for wrong in ["--colour red", *(f"{option} words" for option in kinds)])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("usage")
    (folder / "FILE").write_text("x")
    (folder / "EMPTY").mkdir()
    (folder / "damaged.safetensors").write_bytes(b"garbage")
    (folder / "damaged.json").write_text("{")
    (folder / "table.jsonl").write_text("no row\n")
    (folder / "empty.jsonl").write_text("")
    about = {"recipe": {"condition_dropout": 0.1}, "data": {"name": "digits"}}
    network, names = UNet(UNetConfig(classes=3, widths=(8, 8), embedding=8)), ("0", "1", "smudged")
    checkpoints.save(folder / "NET", network, schedules.cosine(), "v", shape=(1, 8, 8), class_names=names, about=about)
    checkpoints.save(folder / "BARE", network, schedules.cosine(), "v", shape=(1, 8, 8), class_names=names)
    return folder


@pytest.mark.parametrize("typed", [*TYPED, *SETTINGS, *dict.fromkeys(of_wrong_types())])
def test_what_is_wrong_is_one_line_and_an_exit_status(typed, place, monkeypatch, capsys):
    if "cuda" in typed and torch.cuda.is_available():
        pytest.skip("nothing is wrong with it here")
    monkeypatch.chdir(place)
    words = typed.split()
    if words[0] == "sample":
        words += ["--checkpoint", "NET"] * ("--checkpoint" not in words) + ["--steps", "2"] * ("--steps" not in words)
    monkeypatch.setattr(sys, "argv", ["diffusion-lessons", *words])
    before = sorted(Path().rglob("*"))
    with pytest.raises(SystemExit) as ended:  # any other exception is a traceback
        cli.main()
    said = capsys.readouterr().err.splitlines()
    errors = [line for line in said if not line.startswith(("note: ", "the teacher is ", "on a CPU"))]
    assert ended.value.code in (1, 2), said
    assert len(errors) == 1 and errors[0].startswith("error: ") and "Errno" not in errors[0], said
    assert sorted(Path().rglob("*")) == before, "and nothing half-written is left"


def test_every_command_is_in_the_table():
    assert set(COMMANDS) <= {name for name, cases in WRONG.items() if cases}


def said_by(words, monkeypatch, capsys):
    """The exit status of a command line, and what it says."""
    monkeypatch.setattr(sys, "argv", ["diffusion-lessons", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize("words", [["data", ""], ["train", ""], ["class", "new", ""], ["sample", "--out", ""]])
def test_an_empty_argument_is_not_taken_for_the_current_folder(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, said = said_by(words, monkeypatch, capsys)
    assert status == 2 and said.startswith("error: an argument is empty: is a shell variable not set?")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_option_is_named(monkeypatch, capsys):
    status, said = said_by(["sample", "--prompt", ""], monkeypatch, capsys)
    assert status == 2 and said.endswith("Give --prompt a value, or leave it out\n")
    assert said_by(["data", ""], monkeypatch, capsys)[1].endswith("The current folder is .\n")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("a in b; expected c\n  x: y\n  z: w\n"), "a in b; expected c; x: y; z: w"),
        (ValueError("several:\n  one,\n  two."), "several: one, two."),
        (OSError(28, "could not write a. Free some space"), "could not write a. Free some space"),
        (PermissionError(13, "Permission denied", "a/b"), "a/b: Permission denied"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_an_error_is_one_line_that_reads_as_a_sentence(error, said, monkeypatch, capsys):
    def fails():
        raise error

    monkeypatch.setattr("diffusion_lessons.commands.samplers.show_samplers", fails)
    assert said_by(["samplers"], monkeypatch, capsys) == (1, f"error: {said}\n")

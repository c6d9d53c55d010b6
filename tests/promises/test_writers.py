"""Every file is written by `machine.files`, whole or not at all, and a place is tried before the work for it begins."""

import ast
import sys
from pathlib import Path

import pytest

from diffusion_lessons import cli

ROOT = Path(__file__).resolve().parents[2]
WRITERS = {"write_text", "write_bytes", "savefig", "to_csv", "to_json", "to_parquet", "save_file", "tofile", "rename"}
MODULES = {"torch.save", "np.save", "np.savez", "json.dump", "pickle.dump", "nbformat.write"}
OTHERWISE = {  # the writer itself, and the handed-in notebooks of a class that is made up
    "diffusion_lessons/machine/files.py",
    "benchmarks/grading.py",
}


def direct_writes(source: str) -> list[str]:
    """Calls that write a file themselves; into memory, which is called `content`, they may."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [f"line {call.lineno}: {ast.unparse(call)[:60]}" for call in calls if _writes(call)]


def _writes(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(isinstance(each, ast.Name) and each.id == "content" for each in arguments):
        return False
    name = called.rpartition(".")[2]
    if name == "open":
        mode = arguments[1].value if len(arguments) > 1 and isinstance(arguments[1], ast.Constant) else ""
        return isinstance(mode, str) and bool(set(mode) & set("wax+"))
    if name in ("to_csv", "to_json", "rename"):
        return bool(call.args)  # without a file these are pandas' own, which return a text or a table
    return name in WRITERS or called in MODULES


@pytest.mark.parametrize("folder", ["diffusion_lessons", "claims", "benchmarks", "tools"])
def test_no_file_is_written_past_the_one_writer(folder):
    files = {path: path.relative_to(ROOT).as_posix() for path in sorted((ROOT / folder).rglob("*.py"))}
    written = {name: direct_writes(path.read_text()) for path, name in files.items() if name not in OTHERWISE}
    assert {name: calls for name, calls in written.items() if calls} == {}


@pytest.mark.parametrize(
    "line",
    [
        "figure.savefig(out)",
        "open(f, 'a')",
        "f.write_text('x')",
        "torch.save(x, f)",
        "frame.to_csv(f)",
        "open(f, mode='wb')",
    ],
)
def test_the_rule_finds_what_writes(line):
    assert direct_writes(line)


@pytest.mark.parametrize(
    "line", ["figure.savefig(content)", "open(f)", "open(f, 'rb')", "d.to_csv(index=False)", "d.rename(columns=c)"]
)
def test_the_rule_passes_what_does_not(line):
    assert not direct_writes(line)


@pytest.mark.parametrize(
    "words",
    [
        "train digits --set images=100000000",
        "distil digits-progressive-8 --set images=100000000",
        "classifier digits",
        "tour",
        "sample --grid 50x50 --steps 1000",
        "orders",
        "frontier",
        "data digits",
        "benchmark digits-diffusion",
    ],
)
@pytest.mark.parametrize("place", ["file/new/x.png", "folder.png", "x.nothing"])
def test_out_is_tried_before_the_work(words, place, tmp_path, monkeypatch, capsys):
    """A file where a folder should be, a folder where a file should be, and an ending that is none."""
    makes_a_folder = words.split()[0] in ("train", "distil", "classifier", "tour")
    if makes_a_folder and place != "file/new/x.png":
        pytest.skip("it makes a folder, of any name")
    monkeypatch.chdir(tmp_path)
    place = place.replace(".png", ".jsonl") if "benchmark" in words else place
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "folder.jsonl").mkdir()
    monkeypatch.setattr(sys, "argv", ["diffusion-lessons", *words.split(), "--out", place])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("the teacher is")]
    assert ended.value.code == 1 and len(said) == 1 and said[0].startswith("error: ")
    assert Path(place).name in said[0] or "state.pt" in said[0] or "x.png" in said[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.jsonl", "folder.png"]

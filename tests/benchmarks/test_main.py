"""`python -m benchmarks` runs every benchmark, and its help says what they are."""

import subprocess
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks

FOLDER = Path(benchmarks.__file__).parent


def test_every_file_that_measures_when_it_is_run_is_among_them():
    runnable = {file.stem for file in FOLDER.glob("[a-z]*.py") if '__name__ == "__main__"' in file.read_text()}
    assert set(benchmarks.SHORT) == runnable


def test_the_help_names_each_with_what_it_measures(capsys):
    with pytest.raises(SystemExit):
        benchmarks.main(["--help"])
    shown = capsys.readouterr().out
    for name in benchmarks.SHORT:
        first_line = (FOLDER / f"{name}.py").read_text().splitlines()[0].removeprefix('"""')
        assert f"  {name:13} {first_line}" in shown


def test_all_run_in_their_short_form_and_those_that_fail_are_counted(monkeypatch, capsys):
    commands = []

    def run(command):
        commands.append(command[2:])
        return subprocess.CompletedProcess(command, int(command[2] == "benchmarks.orders"))

    monkeypatch.setattr(subprocess, "run", run)
    assert benchmarks.main([]) == 1
    assert commands == [[f"benchmarks.{name}", *options] for name, options in benchmarks.SHORT.items()]
    assert "failed: orders" in capsys.readouterr().err
    commands.clear()
    assert benchmarks.main(["--full", "samplers"]) == 0 and commands == [["benchmarks.samplers"]]
    with pytest.raises(SystemExit):
        benchmarks.main(["speed"])
    assert "no benchmark speed; they are samplers" in capsys.readouterr().err


@pytest.mark.parametrize("name", benchmarks.SHORT)
def test_the_options_of_the_short_form_are_known_to_the_benchmark(name, monkeypatch):
    """Each is parsed by the benchmark itself; the unknown one behind it is the first that is refused."""
    module = __import__(f"benchmarks.{name}", fromlist=["main"])
    monkeypatch.setattr("sys.argv", [name, *benchmarks.SHORT[name], "--unknown"])
    with pytest.raises(SystemExit):
        module.main()

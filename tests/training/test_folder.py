"""A run's folder is written by one process, and nothing of another run in it is lost: not even to --resume."""

import subprocess
import sys
from dataclasses import replace

import pytest

from diffusion_lessons import checkpoints
from diffusion_lessons.machine import files
from diffusion_lessons.training.folder import STATE, check, claim
from diffusion_lessons.training.loop import finish, train


def finished(recipe, data, folder, **options):
    *_, record = train(recipe, data, folder, device="cpu", **options)
    return finish(record, folder)


def test_a_finished_network_is_neither_replaced_nor_trained_from_scratch(tiny_recipe, tiny_data, tmp_path):
    file = finished(tiny_recipe, tiny_data, tmp_path)
    before = file.read_bytes()
    with pytest.raises(
        FileExistsError, match=r"is a finished network, trained on 320 images; nothing is left to resume"
    ):
        train(tiny_recipe, tiny_data, tmp_path, resume=True)
    for other in (tiny_recipe, replace(tiny_recipe, images=16)):
        with pytest.raises(FileExistsError, match=r"320 images\. Use another folder \(--out\), or .*--overwrite"):
            train(other, tiny_data, tmp_path, seed=1)
    assert file.read_bytes() == before


def test_overwriting_is_meant(tiny_recipe, tiny_data, tmp_path):
    file = finished(tiny_recipe, tiny_data, tmp_path)
    before = file.read_bytes()
    records = train(tiny_recipe, tiny_data, tmp_path, device="cpu", seed=1, overwrite=True, every=1)
    next(records)
    records.close()
    assert file.read_bytes() == before  # until the new one is there
    with pytest.raises(FileExistsError, match="is an unfinished run"):
        train(tiny_recipe, tiny_data, tmp_path, seed=2)
    with pytest.raises(ValueError, match="seed was 1 and is 2"):
        train(tiny_recipe, tiny_data, tmp_path, seed=2, resume=True)
    *_, record = train(tiny_recipe, tiny_data, tmp_path, device="cpu", seed=1, resume=True)
    assert finish(record, tmp_path).read_bytes() != before
    with pytest.raises(ValueError, match="give one of them"):
        train(tiny_recipe, tiny_data, tmp_path, resume=True, overwrite=True)


def test_overwriting_an_unfinished_run_begins_anew(tiny_recipe, tiny_data, tmp_path):
    records = train(tiny_recipe, tiny_data, tmp_path, device="cpu", every=1)
    next(records)
    records.close()
    records = train(tiny_recipe, tiny_data, tmp_path, device="cpu", seed=3, overwrite=True, every=1)
    assert not (tmp_path / STATE).exists() and next(records).step == 1
    records.close()


def test_further_averages_are_not_replaced_either(tiny_recipe, tiny_data, tmp_path):
    recipe = replace(tiny_recipe, other_shares=(0.5,))
    finished(recipe, tiny_data, tmp_path)
    (tmp_path / "halves-diffusion.safetensors").unlink()
    with pytest.raises(FileExistsError, match=r"halves-diffusion-ema0\.5\.safetensors is a finished network"):
        check(tmp_path, recipe)


def test_a_damaged_card_does_not_make_a_network_less_finished(tiny_recipe, tiny_data, tmp_path):
    finished(tiny_recipe, tiny_data, tmp_path).with_suffix(".json").write_text("{")
    with pytest.raises(FileExistsError, match=r"is a finished network\. Use another folder"):
        check(tmp_path, tiny_recipe)


def test_finishing_elsewhere_does_not_replace_a_strangers_network(tiny_recipe, tiny_data, tmp_path):
    file = finished(tiny_recipe, tiny_data, tmp_path)
    before = file.read_bytes()
    *_, record = train(tiny_recipe, tiny_data, device="cpu", seed=1)
    with pytest.raises(FileExistsError, match="is there already: finish in another folder, or .*overwrite=True"):
        finish(record, tmp_path)
    assert file.read_bytes() == before
    assert finish(record, tmp_path, overwrite=True).read_bytes() != before
    finish(record, tmp_path)  # its own


def test_a_run_that_was_killed_after_its_last_step_is_finished(tiny_recipe, tiny_data, tmp_path):
    *_, record = train(tiny_recipe, tiny_data, tmp_path, device="cpu", save_every=0.0)
    file = finish(record, tmp_path / "elsewhere")
    *_, again = train(tiny_recipe, tiny_data, tmp_path, device="cpu", resume=True)
    assert (again.step, again.images, again.loss) == (record.step, 320, record.loss)
    assert finish(again, tmp_path).read_bytes() == file.read_bytes()


def test_a_run_left_in_the_middle_stops_where_another_begins_in_its_folder(tiny_recipe, tiny_data, tmp_path, capsys):
    left = train(tiny_recipe, tiny_data, tmp_path, device="cpu", every=1)
    next(left)
    with pytest.raises(FileExistsError, match="is an unfinished run"):
        train(tiny_recipe, tiny_data, tmp_path, device="cpu")
    assert "stopped at step 1" in capsys.readouterr().err and list(left) == []
    records = train(tiny_recipe, tiny_data, tmp_path, device="cpu", every=1, resume=True)
    assert next(records).step == 2
    records.close()


HELD = """
import sys
from pathlib import Path
from diffusion_lessons.machine.files import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_two_processes_do_not_train_in_one_folder(tiny_recipe, tiny_data, tmp_path):
    command = [sys.executable, "-c", HELD, str(tmp_path / STATE)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"held\n"
    for options in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(BlockingIOError, match=r"state\.pt is being written by another process: wait"):
            train(tiny_recipe, tiny_data, tmp_path, device="cpu", **options)
    other.kill()
    other.communicate()
    assert checkpoints.load(finished(tiny_recipe, tiny_data, tmp_path)).classes == 2


def free(folder):
    """Whether another process could train there."""
    command = [sys.executable, "-c", HELD, str(folder / STATE)]
    return subprocess.run(command, capture_output=True, input=b"").returncode == 0


def test_a_refused_resume_leaves_the_folder_to_others(tiny_recipe, tiny_data, tmp_path):
    """Also while its error is kept, as a notebook keeps the last one."""
    for record in train(tiny_recipe, tiny_data, tmp_path, device="cpu", every=1):
        if record.step == 7:
            break
    record.run.release()
    with pytest.raises(ValueError) as kept:
        train(replace(tiny_recipe, batch=tiny_recipe.batch // 2), tiny_data, tmp_path, device="cpu", resume=True)
    assert kept.value.__traceback__ is not None and free(tmp_path)


def test_the_folder_is_held_until_the_network_is_written(tiny_recipe, tiny_data, tmp_path):
    *_, record = train(tiny_recipe, tiny_data, tmp_path, device="cpu")
    assert not free(tmp_path)
    finish(record, tmp_path)
    assert free(tmp_path)


def test_a_folder_that_cannot_be_written_is_noticed_before_the_first_step(tiny_recipe, tiny_data, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"could not write .*state\.pt: Not a directory.*choose another folder"):
        train(tiny_recipe, tiny_data, tmp_path / "file" / "run", device="cpu")


def test_what_a_killed_process_had_half_written_goes(tiny_recipe, tmp_path):
    (tmp_path / f".{STATE}.123.tmp").write_bytes(b"half")
    claim(tmp_path, tiny_recipe).release()
    assert files.unfinished(tmp_path / STATE) == [] == list(tmp_path.iterdir())

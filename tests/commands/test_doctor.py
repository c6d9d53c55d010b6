"""What was found is printed, and one trouble is enough to say so."""

import shutil

from diffusion_lessons.commands.doctor import show_health


def test_a_full_disk_is_said(monkeypatch, capsys):
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=int(1e8)))
    assert show_health() is False
    out = capsys.readouterr().out
    assert "FAILS  disk: 0 GB free" in out and "2 GB and a writable folder are needed" in out

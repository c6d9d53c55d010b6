"""What ends processes that together take too much, and what is said of them."""

import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

pytest.importorskip("psutil")

from diffusion_lessons.classroom.sandbox import watching
from diffusion_lessons.classroom.sandbox.sandbox import Limits, bubblewrap, limited, sandboxed
from diffusion_lessons.classroom.sandbox.watching import watch

needs_bubblewrap = pytest.mark.skipif(bubblewrap() is None, reason="bubblewrap cannot start on this machine")
WAIT = "import time; time.sleep(600)"
FORKS = (
    f"import os\nx = bytearray(os.urandom(1)) * (60 * 2**20)\nfor _ in range(7):\n    if os.fork() == 0: break\n{WAIT}"
)


def told(command, limits, **options):
    """What the watch says of a command, which is gone afterwards."""
    process = subprocess.Popen(command)
    try:
        return watch(process.pid, limits, threading.Event(), every=0.1, seconds=240, **options)
    finally:
        process.kill()
        assert process.wait() != 0 or options.get("well")


def python(code):
    return [sys.executable, "-I", "-c", code]


def test_memory_of_all_ends_and_is_told():
    said = told(python(f"x = bytearray(300 * 2**20)\n{WAIT}"), Limits(memory_mb=100))
    assert said.endswith("MB of memory, more than the 100 MB that it may have")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells which pages are shared")
def test_memory_that_processes_share_is_counted_once():
    """Eight forks of one process of 70 MB are not 560 MB."""
    process = subprocess.Popen(python(FORKS), start_new_session=True)
    stop = threading.Event()
    threading.Timer(6, stop.set).start()
    try:
        assert watch(process.pid, Limits(memory_mb=250, processes=20), stop, every=0.1) is None
        family = list(watching._family(watching.psutil.Process(process.pid)))
        assert len(family) == 8 and sum(map(watching._resident, family)) > 400 * 2**20
    finally:
        watching.end(list(watching._family(watching.psutil.Process(process.pid))))
        process.wait()


def test_processes_end_and_are_told():
    said = told(python(FORKS), Limits(processes=5))  # of eight in the end; it may look while they are being made
    assert said in [f"{number} processes, more than the 5 that it may have" for number in (6, 7, 8)]


def test_cpu_time_is_told_although_the_system_ends_it():
    said = told(limited(python("while True: pass"), Limits(cpu_seconds=3)), Limits(cpu_seconds=3))
    assert said == "it used up the 3 s of CPU time that it may"


def test_the_clock_is_told(monkeypatch):
    process = subprocess.Popen(python(WAIT))
    assert watch(process.pid, Limits(), threading.Event(), seconds=0.5) == "it took more than the 0.5 s that it may"
    assert process.wait() != 0


def test_files_beside_the_sockets_end_and_are_told(tmp_path):
    large = f"open({str(tmp_path / 'large')!r}, 'wb').write(bytes(3 * 2**20))\n{WAIT}"
    assert "1 files of 3 MB beside its sockets" in told(python(large), Limits(file_mb=2), folder=tmp_path)
    many = f"import os\nfor n in range(2000): os.mkdir({str(tmp_path)!r} + f'/{{n}}')\n{WAIT}"
    assert "files of" in told(python(many), Limits(), folder=tmp_path)


def test_one_that_ends_by_itself_is_no_reason_and_neither_is_one_that_is_gone():
    process = subprocess.Popen(python(""))
    assert watch(process.pid, Limits(), threading.Event()) is None
    process.wait()
    assert watch(process.pid, Limits(), threading.Event()) is None


def test_who_stops_asking_hears_no_reason():
    process, stop = subprocess.Popen(python(WAIT)), threading.Event()
    stop.set()
    assert watch(process.pid, Limits(memory_mb=1), stop) is None and process.poll() is None
    process.kill()
    process.wait()


@needs_bubblewrap
@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
def test_files_in_the_sandbox_are_memory(place):
    code = f"for n in range(4): open(f'{place}/{{n}}', 'wb').write(bytes(15 * 2**20))\n{WAIT}"
    assert "MB of memory" in told(sandboxed(python(code), Limits()), Limits(memory_mb=70))


@needs_bubblewrap
def test_many_empty_files_in_the_sandbox_end(monkeypatch):
    monkeypatch.setattr(watching, "MOST_FILES", 300)
    code = f"for n in range(500): open(f'/tmp/{{n}}', 'w').close()\n{WAIT}"
    assert "files, more than the 300" in told(sandboxed(python(code), Limits()), Limits())


def test_where_the_system_does_not_tell_what_is_shared_all_is_counted():
    process = SimpleNamespace(
        memory_full_info=lambda: SimpleNamespace(uss=1), memory_info=lambda: SimpleNamespace(rss=5)
    )
    assert watching._own(process) == 5

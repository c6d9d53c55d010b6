"""Run a command under limits: python limits.py CPU_SECONDS MEMORY_MB PROCESSES FILE_MB COMMAND...

Started by path inside the sandbox, so it imports nothing but the standard library.
"""

import ctypes
import os
import platform
import resource
import struct
import sys

MB = 1024 * 1024
OPEN_FILES = 512  # each may be a buffer in the kernel that nobody counts
SUBREAPER, NO_NEW_PRIVILEGES, SECCOMP, FILTER = 36, 38, 22, 2  # of prctl
HIDDEN_MEMORY = {  # by machine: its number, and the calls memfd_create and shmget, whose memory belongs to no process
    "x86_64": (0xC000003E, 319, 29),
    "aarch64": (0xC00000B7, 279, 194),
}


def limit(kind: int, value: int) -> None:
    """Set a limit, or leave a tighter one that is already there."""
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def refuse_hidden_memory() -> None:
    """Let the system refuse memory that neither a limit nor the watch would see, where it can (Linux)."""
    if not sys.platform.startswith("linux") or platform.machine() not in HIDDEN_MEMORY:
        return
    machine, *calls = HIDDEN_MEMORY[platform.machine()]
    load, jump_equal, jump_at_least, answer = 0x20, 0x15, 0x35, 0x06  # of BPF
    allow, refuse = 0x7FFF0000, 0x00050000 | 1  # EPERM
    steps = [(load, 0, 0, 4), (jump_equal, 1, 0, machine), (answer, 0, 0, refuse), (load, 0, 0, 0)]
    steps += [(jump_at_least, 3, 0, 0x40000000)]  # the same calls by their other numbers
    steps += [(jump_equal, 2, 0, calls[0]), (jump_equal, 1, 0, calls[1])]
    steps += [(answer, 0, 0, allow), (answer, 0, 0, refuse)]
    program = b"".join(struct.pack("HBBI", *step) for step in steps)
    code = ctypes.create_string_buffer(program)
    header = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(code)))
    system = ctypes.CDLL(None)
    system.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    system.prctl(SECCOMP, FILTER, ctypes.c_void_p(ctypes.addressof(header)), 0, 0)


def keep_orphans() -> None:
    """Become the parent of whatever this command leaves behind, so that it stays in sight (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def main(arguments: list[str]) -> None:
    seconds, memory, processes, file_size = map(int, arguments[:4])
    limit(resource.RLIMIT_CPU, seconds)
    limit(resource.RLIMIT_DATA, memory * MB)
    limit(resource.RLIMIT_NPROC, processes)
    limit(resource.RLIMIT_FSIZE, file_size * MB)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    keep_orphans()
    refuse_hidden_memory()
    os.execvp(arguments[4], arguments[4:])


if __name__ == "__main__":
    main(sys.argv[1:])

"""Run a command under limits: python limits.py CPU_SECONDS MEMORY_MB PROCESSES FILE_MB COMMAND...

Started by path inside the sandbox, so it imports nothing but the standard library.
"""

import os
import resource
import sys

MB = 1024 * 1024


def limit(kind: int, value: int) -> None:
    """Set a limit, or leave a tighter one that is already there."""
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def main(arguments: list[str]) -> None:
    seconds, memory, processes, file_size = map(int, arguments[:4])
    limit(resource.RLIMIT_CPU, seconds)
    limit(resource.RLIMIT_DATA, memory * MB)
    limit(resource.RLIMIT_NPROC, processes)
    limit(resource.RLIMIT_FSIZE, file_size * MB)
    limit(resource.RLIMIT_CORE, 0)
    os.execvp(arguments[4], arguments[4:])


if __name__ == "__main__":
    main(sys.argv[1:])

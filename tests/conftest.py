"""What every test runs under, also when pytest is started by hand: one thread, no progress bars, no window."""

import os
import signal

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job: tests press Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

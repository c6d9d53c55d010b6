"""The most memory that some work needs at once, exactly: every allocation of PyTorch, added up in its order.

The resident size of a process also holds what the allocator kept, and depends on what ran before; this does not. What
a library of convolutions takes for itself beside PyTorch is not in it.
"""

import gc
import json
import tempfile
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

CPU = 0  # DeviceType of an allocation, as the profiler writes it


def peak_bytes(work: Callable[[], object], device: str = "cpu") -> int:
    """The most bytes that tensors made in `work()` held together; what was there before does not count."""
    if device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_allocated() - before
    gc.collect()  # so that nothing older is freed meanwhile
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        work()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.json"
        recorded.export_chrome_trace(str(file))
        events = json.loads(file.read_text())["traceEvents"]
    changes = [each for each in events if each["name"] == "[memory]" and each["args"]["Device Type"] == CPU]
    return max(accumulate(each["args"]["Bytes"] for each in sorted(changes, key=lambda each: each["ts"])), default=0)

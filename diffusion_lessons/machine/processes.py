"""One process, or several that train together through Hugging Face accelerate."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from diffusion_lessons.machine.devices import choose_device


@dataclass(frozen=True)
class Processes:
    """This process among those that train together; alone, it is number 0 of 1."""

    device: torch.device
    accelerator: Any = None

    @classmethod
    def started(cls, device: str | torch.device | None) -> "Processes":
        """One process or several, as the environment says: `accelerate launch` and torchrun set WORLD_SIZE."""
        local = choose_device(device)
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls(local)
        try:
            from accelerate import Accelerator  # slow to import: only for several processes
        except ImportError as error:
            raise ImportError(
                'several processes need accelerate: pip install "diffusion-lessons[processes]"'
            ) from error

        accelerator = Accelerator(cpu=local.type == "cpu", mixed_precision="no")
        return cls(accelerator.device, accelerator)

    @property
    def rank(self) -> int:
        return self.accelerator.process_index if self.accelerator else 0

    @property
    def world(self) -> int:
        return self.accelerator.num_processes if self.accelerator else 1

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network whose gradients are averaged over all processes."""
        return self.accelerator.prepare(network) if self.accelerator else network

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a tensor over all processes."""
        return self.accelerator.reduce(value, "mean") if self.accelerator else value

    def agree(self, value: float) -> float:
        """One number for all processes: clocks differ between processes, and learning rates must not."""
        return float(self.mean(torch.tensor(value, device=self.device))) if self.accelerator else value

    @contextmanager
    def first_alone(self) -> Iterator[None]:
        """The block, in the first process; then, when that has ended, in the others."""
        if self.rank > 0:
            self.wait()
        yield
        if self.rank == 0:
            self.wait()

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.accelerator:
            self.accelerator.wait_for_everyone()

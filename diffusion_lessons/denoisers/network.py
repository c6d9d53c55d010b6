"""A network as a denoiser, whichever of the four quantities it predicts."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Self

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import check_x
from diffusion_lessons.denoisers.conditions import null_condition, read_condition, rows_for
from diffusion_lessons.denoisers.precision import HalfPrecision, is_compiled
from diffusion_lessons.estimates import ESTIMATES, Estimate, check_prediction_type
from diffusion_lessons.machine.devices import moved
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path, time_for


class Denoiser:
    """A network that predicts eps, x0, v or velocity, as a denoiser on its path.

    `network(x, t)` is handed t as a tensor [B] in the path's units; a conditional network (`classes` is given) is
    called `network(x, t, condition)` with labels [B], 0..classes-1 or the null label `classes`. A network that is told
    something else than a class, such as the words of a sentence, gets conditions [B, ...] and has `null` instead, the
    condition [1, ...] that stands for none (see `conditions`).

        eps:       x_0 = (x - sigma eps) / alpha
        x0:        eps = (x - alpha x_0) / sigma
        v:         x_0 = (alpha x - sigma v) / (alpha^2 + sigma^2),  eps = (sigma x + alpha v) / (alpha^2 + sigma^2)
        velocity:  x_0 = x - t u,  eps = x + (1 - t) u               (u = dx_t/dt = eps - x_0, flow paths only)

    `shape` is that of one sample, `card` whatever describes the network. `times` are the only times at which it may be
    evaluated, if the network is a student that was trained for a few steps; None allows any time.

    If the network computes in another floating type than x (half precision, say), x is converted for it and its output
    is converted back, so that only the network rounds and the sample never does.
    """

    def __init__(
        self,
        network: Callable[..., Tensor],
        path: Path,
        predicts: str = "eps",
        *,
        classes: int | None = None,
        null: Tensor | None = None,
        shape: tuple[int, ...] | None = None,
        card: dict[str, Any] | None = None,
        times: tuple[float, ...] | None = None,
    ):
        check_value("network", network, Callable)
        check_value("path", path, Path)
        check_prediction_type(predicts, path)
        check_value("classes", classes, int | None, 1)
        check_value("shape", shape, tuple | None)
        check_value("card", card, dict | None)
        if classes is not None and null is not None:
            raise ValueError("give either classes, whose null is the label `classes`, or the null of another condition")
        self.network, self.path, self.predicts = network, path, predicts
        self.classes, self.null, self.shape, self.card, self.times = classes, null, shape, card, times

    @property
    def dtype(self) -> torch.dtype | None:
        """The floating type in which the network computes its products, or None if it has no parameters."""
        return self.network.dtype if isinstance(self.network, HalfPrecision) else self._type_of_weights

    @property
    def device(self) -> torch.device | None:
        """Where the network stands, and x has to; None if it has no parameters."""
        return next((p.device for p in self._parameters()), None)

    def to(self, device: str | torch.device) -> Self:
        """Move the network to another device, in place, and return the denoiser; nothing moves without a network."""
        if isinstance(self.network, torch.nn.Module):
            self.network.to(device)
        return self

    def with_network(self, network: Callable[..., Tensor]) -> Self:
        """The same denoiser with another network in it."""
        other = copy.copy(self)
        other.network = network
        return other

    @property
    def is_compiled(self) -> bool:
        """Whether the network runs through torch.compile."""
        return is_compiled(self.network)

    @property
    def _type_of_weights(self) -> torch.dtype | None:
        if isinstance(self.network, HalfPrecision):
            return torch.float32  # but for those of its products
        return next((p.dtype for p in self._parameters() if p.is_floating_point()), None)

    def _parameters(self) -> Iterator[Tensor]:
        return self.network.parameters() if isinstance(self.network, torch.nn.Module) else iter(())

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        check_x(x)
        t = time_for(x, t)
        self._check(t)
        dtype = self._type_of_weights or x.dtype
        exact = dtype if dtype in (torch.float32, torch.float64) else torch.float32  # half cannot tell 999 from 1000
        if isinstance(t, Tensor):
            times = moved(t.to(exact), x.device)
        else:
            times = torch.full((len(x),), float(t), dtype=exact, device=x.device)
        rows = self._condition(condition, x)
        if rows is None:
            output = self.network(x.to(dtype), times)
        else:
            output = self.network(x.to(dtype), times, rows.to(dtype) if rows.is_floating_point() else rows)
        if output.shape != x.shape:
            raise ValueError(f"the network returned {tuple(output.shape)} for x of shape {tuple(x.shape)}")
        return ESTIMATES[self.predicts](x, output.to(x.dtype), self.path, t)

    def _condition(self, condition: Any, x: Tensor) -> Tensor | None:
        """The condition with a row for each row of x, or None for a network that takes none."""
        if condition is None:
            if self.classes is None and self.null is None:
                return None
            condition = null_condition(self, x.device)
        elif not isinstance(condition, Tensor) or (condition.device.type == "cpu" and self.classes is not None):
            # labels on a GPU are not looked at: it would have to be waited for
            condition = read_condition(self, condition)
        return rows_for(condition, x)

    def _check(self, t: float | Tensor) -> None:
        """Refuse times at which the prediction says nothing about x_0; those on a GPU would have to be waited for."""
        if not (times := known_times(t)):
            return
        if self.times is not None and (others := [time for time in times if time not in self.times]):
            own = ", ".join(f"{time:g}" for time in self.times)
            raise ValueError(
                f"t = {others[0]:g} is a time for which this network was not trained: it is a student for {own} only. "
                f"Sample with steps={len(self.times)} on the trailing grid"
            )
        last, first = max(times), min(times)
        if self.predicts == "eps" and self.path.alpha(last) == 0:
            raise ValueError(
                f"at t = {last:g} alpha is 0: x is pure noise and eps says nothing about x_0. Use a network that "
                'predicts x0, v or (on a flow path) velocity, or start at path.t_max with spacing="logsnr"'
            )
        if self.predicts == "x0" and self.path.sigma(first) == 0:
            raise ValueError(
                f"at t = {first:g} sigma is 0: x is clean and x_0 says nothing about eps; end the grid there"
            )


def known_times(t: float | Tensor) -> list[float]:
    """The times as numbers; none where they stand on a device for which one would have to wait."""
    if not isinstance(t, Tensor):
        return [t]
    return t.tolist() if t.device.type == "cpu" else []

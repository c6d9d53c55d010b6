"""Features that change slowly are kept: the deep part of a U-Net runs at every k-th step only.

faster = reuse_features(load("mnist-diffusion"), every=3)

Near the data the coarse levels of a U-Net say nearly the same from step to step, while the finest level follows x. So
everything below the finest level is evaluated at every `every`-th time, and in between its last answer is taken again,
or the line through its last two answers is followed. Sources: Ma et al. 2023, "DeepCache"
(https://arxiv.org/abs/2312.00858), section 3; the line: Liu et al. 2025, "From reusing to forecasting"
(https://arxiv.org/abs/2503.06923), equation 4.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.denoisers.precision import HalfPrecision
from diffusion_lessons.optimise.copies import copied, network_of, unet_in

Key = tuple[Any, ...]


@dataclass
class Answers:
    """What the deep part said last to one batch: its features at one or two times, and how often it was asked."""

    times: tuple[float, ...] = ()
    features: tuple[Tensor, ...] = ()
    asked: int = 0


class DeepPart(nn.Module):
    """The levels below the finest one, unless there is an `answer` to give in their place."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part
        self.answer: Tensor | None = None  # what to say instead of running
        self.said: Tensor | None = None  # what was said last

    def forward(self, h: Tensor, *inputs: Any) -> Tensor:
        self.said = self.part(h, *inputs) if self.answer is None else self.answer
        return self.said


class WayDown(nn.Module):
    """The convolution that leads to the deep part, left out where nobody listens."""

    def __init__(self, part: nn.Module, deep: DeepPart) -> None:
        super().__init__()
        self.part = part
        self.listener = [deep]  # in a list, so that it is no part of this one

    def forward(self, h: Tensor) -> Tensor:
        return self.part(h) if self.listener[0].answer is None else h


class ReusedFeatures(nn.Module):
    """See `reuse_features`: network(x, t, condition), with what the deep part said kept for each batch by itself.

    A batch is known by its shape and its condition, so that guidance in two passes keeps two. A time that does not fall
    begins a new trajectory. `ran` and `reused` count the calls.
    """

    def __init__(self, network: nn.Module, every: int, order: int) -> None:
        super().__init__()
        self.network, self.every, self.order = network, every, order
        levels = unet_in(network).levels
        self.deep = levels.below = DeepPart(levels.below)
        if not levels.lowest:
            levels.add_module("shrink", WayDown(levels.shrink, self.deep))
        self.kept: dict[Key, Answers] = {}
        self.ran = self.reused = 0

    def forward(self, x: Tensor, t: Tensor, condition: Tensor | None = None) -> Tensor:
        if self.every == 1 or len(times := set(t.tolist())) > 1:  # rows at several times are no trajectory
            return self._run(x, t, condition, None)
        (time,) = times
        key = (*x.shape, *([] if condition is None else condition.flatten().tolist()))
        answers = self.kept.setdefault(key, Answers())
        if answers.times and time >= answers.times[-1]:  # another trajectory, which needs nothing of the last one
            self.kept = {key: (answers := Answers())}
        due = answers.asked % self.every == 0
        answers.asked += 1
        if not due:
            return self._run(x, t, condition, self._forecast(answers, time))
        out = self._run(x, t, condition, None)
        assert self.deep.said is not None
        answers.times = (*answers.times, time)[-1 - self.order :]
        answers.features = (*answers.features, self.deep.said)[-1 - self.order :]
        return out

    def _run(self, x: Tensor, t: Tensor, condition: Tensor | None, answer: Tensor | None) -> Tensor:
        self.deep.answer = answer
        self.ran, self.reused = self.ran + (answer is None), self.reused + (answer is not None)
        try:
            return self.network(x, t) if condition is None else self.network(x, t, condition)
        finally:
            self.deep.answer = None

    def _forecast(self, answers: Answers, time: float) -> Tensor:
        """The last answer, or the line through the last two: f_1 + (f_1 - f_0) (t - t_1) / (t_1 - t_0)."""
        last = answers.features[-1]
        if len(answers.times) < 2:
            return last
        (t0, t1), (f0, f1) = answers.times, answers.features
        return f1 + (f1 - f0) * ((time - t1) / (t1 - t0))


def reuse_features(denoise: Denoiser, every: int = 2, *, order: int = 0) -> Denoiser:
    """The same denoiser, whose deep features are computed at every `every`-th time and kept in between.

    order: 0 repeats the last features f_1; 1 follows the line through the last two, f_1 + (f_1 - f_0) (t - t_1) /
    (t_1 - t_0).
    With every=1 the result is the same bit for bit. The network is copied, its weights are not. What a trajectory left
    is forgotten where the next one begins, at a time that does not fall. `result.network` counts calls that `ran` and
    that were `reused`; where there is `HalfPrecision`, it stands outside, and the counts are in its own network.

    Raises ValueError for a denoiser without a U-Net, a compiled or a wrapped one, and for other orders.
    """
    check_every(every)
    if order not in (0, 1):
        raise ValueError(f"order is 0 (repeat) or 1 (follow the line); got {order!r}")
    faster = copied(denoise)
    network = network_of(faster)
    if any(isinstance(part, ReusedFeatures) for part in network.modules()):
        raise ValueError("this denoiser keeps features already; give the one that it was made from")
    if isinstance(network, HalfPrecision):  # it stays outside, as it decides what x is converted to
        network.network = ReusedFeatures(network.network, every, order)
        faster.network = network
    else:
        faster.network = ReusedFeatures(network, every, order)
    return faster


def check_every(every: Any) -> None:
    """Raise a ValueError for what does not say at every how many evaluations something is done."""
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ValueError(f"every is a whole number of evaluations, at least 1; got {every!r}")

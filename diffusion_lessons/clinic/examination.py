"""In which order one looks, and when a measurement is an alarm.

    data -> network alone -> sampler alone -> network on images -> labels -> weights -> both together

First what is cheap and certain. Then the two halves of a diffusion model apart: the sampler with exact denoisers, the
network with real images. Each check leaves those before it behind, so the first that fails names the fault. Why each
limit is where it is stands in `limits`.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.clinic import chains, limits, losses, probes
from diffusion_lessons.clinic.case import Case
from diffusion_lessons.clinic.faults import FAULTS
from diffusion_lessons.clinic.readings import Reading, other_readings
from diffusion_lessons.clinic.short_run import averaging_gain
from diffusion_lessons.denoisers.conditions import null_condition, takes_condition
from diffusion_lessons.invariants import Finding, first_failure
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.samplers.checks import holds_data
from diffusion_lessons.sampling import is_latent


def examine(case: Case, report: Callable[[str], None] = print) -> Finding | None:
    """Report each finding in order until one fails; return that one, or None if all is well.

    `finding.cause` is the name of a fault in `FAULTS`, or "" where the measurement says that something is wrong and not
    what. The case is not changed.
    """
    return first_failure(findings(case), report)


def findings(case: Case) -> Iterator[Finding]:
    """All findings in order; each is measured when it is asked for."""
    network = Network(case)
    yield from of_data(case)
    yield from of_network_alone(case, network)
    yield from of_sampler_alone(case)
    if network.is_student:
        return
    yield from of_network(case, network)
    yield from of_labels(network)
    yield from of_weights(network)
    yield from of_both(case)


class Network:
    """A case's network and images, and what several checks need of them, measured once.

    Half of the images are fitted: by the linear denoiser, and by the short training. The other half is measured.
    """

    def __init__(self, case: Case) -> None:
        self.denoise = case.denoise
        half, conditions = len(case.images) // 2, case.conditions
        few = slice(half, half + losses.COUNT)
        self.fitted, self.images = case.images[:half], case.images[few]
        self.conditions = None if conditions is None else conditions[few]
        self.fitted_conditions = None if conditions is None else conditions[:half]

    @property
    def is_student(self) -> bool:
        """Whether it was distilled: it answers where a trajectory ends, and not with the mean of what is possible."""
        return getattr(self.denoise, "times", None) is not None or "distillation" in self.card

    @property
    def card(self) -> dict[str, Any]:
        """What the checkpoint says of itself, if it is one."""
        return getattr(self.denoise, "card", None) or {}

    @cached_property
    def linear(self) -> Tensor:
        """The squared error of the best linear denoiser of the fitted half, [levels]."""
        path = self.denoise.path
        return losses.errors_by_level(losses.LinearDenoiser(self.fitted, path), self.images, path=path).mean

    @cached_property
    def errors(self) -> losses.Errors:
        return losses.errors_by_level(self.denoise, self.images, self.conditions)

    def ratio(self, denoise: Any) -> Tensor:
        """Its squared error in units of the linear denoiser's, [levels]."""
        own = denoise is self.denoise
        errors = self.errors if own else losses.errors_by_level(denoise, self.images, self.conditions)
        return errors.mean / self.linear


def _finding(name: str, ok: bool, observation: str, cause: str) -> Finding:
    """A finding of a known fault, whose title and remedy are told if it fails."""
    return Finding(name, ok, observation, f"{FAULTS[cause].title}: {FAULTS[cause].remedy}", cause)


def of_data(case: Case) -> Iterator[Finding]:
    """Images in [-1, 1]; latents have no range."""
    low, high = case.images.min().item(), case.images.max().item()
    if is_latent(case.denoise):
        yield Finding(
            "latents have about unit variance", 0.5 < case.images.std().item() < 2, f"{case.images.std():.2f}"
        )
        return
    signed = low < limits.LOWEST and max(-low, high) < limits.LARGEST
    yield _finding("images lie in [-1, 1]", signed, f"they lie in [{low:.2f}, {high:.2f}]", "data_range")


def of_network_alone(case: Case, network: Network) -> Iterator[Finding]:
    """Does one input have one answer, and do two times have two?"""
    denoise, path = network.denoise, network.denoise.path
    x = torch.randn(8, *case.images.shape[1:], generator=torch.Generator().manual_seed(0))
    conditions = network.conditions
    told = () if conditions is None else (conditions[torch.arange(8) % len(conditions)],)
    t = (getattr(denoise, "times", None) or (float(path.t_of_lam(0.0)),))[-1]
    with torch.no_grad():
        first, again = (denoise(x, t, *told).x0 for _ in range(2))
        alone = denoise(x[:1], t, *(condition[:1] for condition in told)).x0
    off = max(_rms(first - again), _rms(first[:1] - alone)) / _rms(first)
    yield _finding("one input, one answer", off < limits.REPEATS, f"twice the same x: {off:.3f} apart", "train_mode")
    raw = getattr(denoise, "network", None)
    if raw is None:
        return
    same = []
    with torch.no_grad():
        for t in (share * path.T for share in limits.TIMES):
            answers = [raw(x, torch.full((8,), u), *told) for u in (t, t + path.T / 1000)]
            same.append(torch.equal(*answers))
    words = f"{sum(same)} of {len(same)} pairs of times T / 1000 apart get the same answer"
    yield _finding("the network tells times apart", not any(same), words, "half_time")


def of_sampler_alone(case: Case) -> Iterator[Finding]:
    """The case's own sampler around exact denoisers: guidance, the start, the way down, the end."""
    scale, guided = probes.guided_with_exact(case)
    words = f"at scale {scale:.2g} an estimate that guidance takes to 0 becomes {guided:.2f}"
    yield _finding("guidance first, then clipping", abs(guided) < limits.GUIDED, words, "clip_inside")
    run, path = probes.states_with_exact(case), case.denoise.path
    alpha = path.alpha(run.start)
    started = run.start >= path.T or not holds_data(path, run.start)
    yield _finding("sampling starts from noise", started, f"at t = {run.start:g}, alpha = {alpha:.3f}", "late_start")
    worst = max(run.marginals, key=lambda one: abs(one.signal - one.alpha))
    words = f"at t = {worst.t:g} x_t holds {worst.signal:.2f} of the picture, and alpha is {worst.alpha:.2f}"
    yield _finding("x_t has the path's alpha", abs(worst.signal - worst.alpha) < limits.SIGNAL, words, "wrong_alpha")
    off, worst = run.off(path)
    limit = limits.FRESH if run.fresh else limits.NOISE
    yield Finding(
        "x_t has the path's sigma",
        off < limit,
        f"at t = {worst.t:g} x_t holds noise of {worst.noise:.2f}, and sigma is {worst.sigma:.2f}",
        "too much: fresh noise is added that no step takes out, or steps are too long; too little: noise is taken out "
        "and not given back. DDIM's x_s = alpha_s x0_hat + sigma_s eps_hat leaves room for fresh noise of variance v "
        "only if eps_hat gets the root of sigma_s^2 - v",
    )
    noise = run.marginals[-1].noise
    yield _finding("no noise is left at the end", noise < limits.LEFT, f"standard deviation {noise:.3f}", "last_noise")


def of_network(case: Case, network: Network) -> Iterator[Finding]:
    """Better than the best linear denoiser at every level? If not: is there another reading under which it is?"""
    ratio = network.ratio(network.denoise)
    worst = int(ratio.argmax())
    words = f"at level {network.errors.levels[worst]:g} its loss is {ratio[worst]:.2f} of that of the best linear one"
    if ratio[worst] < limits.LINEAR:
        yield Finding("better than a linear denoiser", True, words)
    else:
        better = best_reading(network)
        if better is None:
            yield Finding("better than a linear denoiser", False, words, _memory(case))
        else:
            reading, found = better
            told = f"{words}; {reading.words}: {found.max():.2f}"
            yield _finding("better than a linear denoiser", False, told, reading.cause)
    overlap = network.errors.overlap
    off = int(overlap.abs().argmax())
    yield Finding(
        "the error is orthogonal to x0_hat",
        abs(overlap[off].item()) < limits.OVERLAP,
        f"at level {network.errors.levels[off]:g} they share {overlap[off]:+.3f} of the images' power",
        "x0_hat is too large (below 0) or too small: look at what stands between it and the network's output",
    )


def best_reading(network: Network) -> tuple[Reading, Tensor] | None:
    """The other reading under which the network beats the linear denoiser at every level, and by what; or None."""
    found = []
    for reading in other_readings(network.denoise):
        try:
            ratio = network.ratio(reading.denoise)
        except (ValueError, IndexError, RuntimeError):  # a network that refuses such times
            continue
        if ratio.max() < limits.LINEAR:
            found.append((reading, ratio))
    return min(found, key=lambda one: one[1].mean().item(), default=None)


def _memory(case: Case) -> str:
    """What the eight images say of a network that no reading helps."""
    try:
        _, halfway = chains.overfit(case.denoise, case.images, case.conditions, steps=100)
        before, after = chains.overfit(case.denoise, case.images, case.conditions, steps=200)
    except ValueError:
        return "no other reading of the network helps: train it longer, or look at its loss"
    told = f"trained on eight images alone its error falls from {before:.2f} to {after:.2f} of their variance"
    if after < limits.BY_HEART:
        return f"{told}: it can learn, so train it longer, or on what it is measured with"
    if after < limits.FALLING * halfway:
        return (
            f"{told}, and was still falling ({halfway:.2f} at half the steps): it can learn, so these are other images "
            "than it was trained on, or it was trained too little"
        )
    return (
        f"{told} and no longer falls ({halfway:.2f} at half the steps): it cannot learn even them, so look at the "
        "loss, the optimiser and the network"
    )


def of_labels(network: Network) -> Iterator[Finding]:
    """The right label costs less than a wrong one, and no label is the mean of all where noise hides the rest."""
    conditions = network.conditions
    if conditions is None:
        return
    right, wrong = network.errors, losses.errors_by_level(network.denoise, network.images, losses.others(conditions))
    high = [number for number, level in enumerate(right.levels) if level >= limits.LABELS_FROM]
    more = (wrong.squared - right.squared)[high].mean(dim=0)  # [images]
    sure = losses.standard_errors(more)
    words = f"with another image's label the loss is {more.mean():+.3f} higher, {sure:.0f} standard errors"
    yield _finding("its own label helps", sure > limits.SURE, words, "labels_shuffled")
    if not takes_condition(network.denoise) or network.card.get("recipe", {}).get("condition_dropout") == 0:
        return
    far = losses.null_distance(network.denoise, network.images, conditions)
    words = f"at the highest level its answer is {far:.2f} of the labels' spread away from their mean"
    yield _finding("without a label it answers with their mean", far < limits.NULL, words, "null_untrained")
    none = null_condition(network.denoise).expand_as(conditions)
    null = losses.errors_by_level(network.denoise, network.images, none)
    cost = losses.null_cost({"right": right, "wrong": wrong, "null": null}, limits.SHOWN, limits.SHARE)
    words = f"up to level {limits.SHOWN:g} no label costs {cost.share:.2f} of what a wrong one costs"
    yield _finding("without a label it looks at the image", cost.sure < limits.SURE, words, "null_untrained")


def of_weights(network: Network) -> Iterator[Finding]:
    """Does a short training with an average of the weights help?"""
    try:
        network_of(network.denoise)
    except ValueError:  # nothing that a short training could change
        return
    gain = averaging_gain(
        network.denoise, network.fitted, network.fitted_conditions, lambda one: network.ratio(one).mean().item()
    )
    words = f"a few more steps, averaged, lower the loss by {100 * gain:.1f} %"
    yield _finding("the weights are an average", gain < limits.GAIN, words, "ema_unused")


def of_both(case: Case) -> Iterator[Finding]:
    """Real images noised and denoised, and samples from noise: do they vary as the images do?"""
    rows = torch.arange(len(case.images) - min(100, len(case.images) // 2), len(case.images))
    found = chains.from_levels(case, rows)
    wrong = next((one for one in found if not limits.NARROW < one.many < limits.WIDE), None)
    shown = wrong or max(found, key=lambda one: abs(one.many - 1))
    words = f"from level {shown.level:g} with {shown.many:.2f} of their variance, in one step with {shown.one:.2f}"
    yield Finding(
        "noised images come back",
        wrong is None,
        words,
        "the lowest level from which they do not is where the network is wrong: look at its loss there",
    )
    samples = case.samples(64)[-1].x
    ratio = chains.variance(samples) / chains.variance(case.images)
    yield Finding(
        "samples vary like the images",
        bool(torch.isfinite(samples).all()) and limits.NARROW < ratio < limits.WIDE,
        f"{ratio:.2f} of their variance",
        "too narrow: few steps, or strong guidance; too wide: estimates out of range, or a grid with a jump",
    )


def _rms(x: Tensor) -> float:
    return x.square().mean().sqrt().item()

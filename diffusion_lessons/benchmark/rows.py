"""A Measurement, the row of every table and frontier, and its forms in JSON and in pandas."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from diffusion_lessons.metrics.scores import Score, interval_of, scores_from_json
from diffusion_lessons.sampling import Settings


@dataclass(frozen=True)
class Measurement:
    """One row: settings, network, machine, latency and quality. What was not measured is None.

    settings              how the network was sampled
    nfe                   network evaluations for one sample, counted
    seconds_per_image     median over `repeats` batches after `warm_up` ones; seconds_q1 and seconds_q3 the quartiles
    peak_memory_mb        of a CUDA device while sampling
    load                  of the machine before the run
    commit                of the code, where it runs in a clone
    backend               of a CUDA device: the versions of CUDA and cuDNN, and whether float32 is TF32
    compiled              whether the network ran through torch.compile
    seconds               per image of each timed batch; rows of one `session` were timed in turn, so that these pair
    evaluation_seconds    of one evaluation of the network per image, measured between the batches (median)
    clock                 "wall", or "processor": the time in which this process computed, whatever else was running
    timed_on              the device of the latency, where it is another row's (`timed_as`), and threads, cores and load
                          are then that row's too; None where all is of one run on `device`
    features              in which the quality figures are taken, with the hash of the network that makes them
    techniques            what was done to the network to make it faster, in words, and the hash of the network before
    reference_sha256      of the real images that the distances are taken from
    quality               scores with spread and floor by name, all of `samples` samples from `seed`
    """

    settings: Settings
    nfe: float
    checkpoint: str
    checkpoint_sha256: str
    network: str
    parameters: int
    device: str
    threads: int
    cores: int
    load: float | None
    python: str
    torch: str
    version: str
    seed: int
    samples: int
    seconds_per_image: float | None = None
    seconds_q1: float | None = None
    seconds_q3: float | None = None
    repeats: int = 0
    warm_up: int = 0
    peak_memory_mb: float | None = None
    features: str | None = None
    features_sha256: str | None = None
    quality: dict[str, Score] = field(default_factory=dict)
    backend: str | None = None
    reference_sha256: str | None = None
    seconds: tuple[float, ...] = ()
    session: str | None = None
    evaluation_seconds: float | None = None
    commit: str | None = None
    compiled: bool = False
    techniques: tuple[str, ...] = ()
    parent_sha256: str | None = None
    clock: str = "wall"
    timed_on: str | None = None

    @property
    def key(self) -> tuple[Settings, int, int, bool]:
        """Settings, sample count, seed, and whether compiled: rows with one key measure the same thing."""
        return self.settings, self.samples, self.seed, self.compiled

    @property
    def timing_device(self) -> str:
        """The device of the latency: `timed_on` where it is another row's, else that of the whole row."""
        return self.timed_on or self.device

    def to_json(self) -> dict[str, Any]:
        """The row as one JSON object, with its settings and its scores as objects within it."""
        quality = {name: score._asdict() for name, score in self.quality.items()}
        return {**vars(self), "settings": asdict(self.settings), "quality": quality}

    @classmethod
    def from_json(cls, entries: dict[str, Any]) -> "Measurement":
        """The inverse of `to_json`."""
        quality = scores_from_json(entries["quality"])
        parts: dict[str, Any] = {"settings": Settings(**entries["settings"])}
        parts |= {name: tuple(entries.get(name, ())) for name in ("seconds", "techniques")}
        return cls(**{**entries, **parts, "quality": quality})


def frame(rows: Iterable[Measurement]) -> pd.DataFrame:
    """A pandas table with one line for each row: sampler, steps, ..., nfe, ..., frechet_value, frechet_spread, ...

    The fields of the settings are columns, and so are the `settings` as a whole.
    """
    lines = []
    for row in rows:
        flat = {name: value for name, value in vars(row).items() if name not in ("quality", "seconds")}
        for name, score in row.quality.items():
            flat |= {f"{name}_{part}": value for part, value in score._asdict().items() if part != "n"}
        lines.append({**vars(row.settings), **flat})
    return pd.DataFrame(lines)


def told(name: str, score: Score) -> str:
    """ "adherence 1 [0.992, 1]": a score with its 95 % interval, where it was kept with what makes one."""
    if not score.replicates and name != "adherence":
        return f"{name} {score.value:.3g}±{score.spread:.2g}"
    return f"{name} {interval_of(name, score)}"

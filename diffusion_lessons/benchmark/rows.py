"""What is measured and what is found: a Configuration and a Measurement, the rows of every table and frontier."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from diffusion_lessons.metrics.scores import Score

Options = dict[str, Any]


@dataclass(frozen=True)
class Configuration:
    """One way to sample: everything that a person may choose.

    sampler, steps, spacing   as in `samplers.sample` and `path.grid`
    scale                     guidance: 0 unconditional, 1 conditional, above 1 amplified
    options                   the sampler's own, such as {"eta": 1.0}
    guidance                  further options of `classifier_free`, such as {"negative": 10}
    clip                      options of `clip`, such as {"limit": 1.0}; without any nothing is clipped
    precision                 of the network and of x
    batch                     images sampled together
    """

    sampler: str
    steps: int
    spacing: str = "trailing"
    scale: float = 1.0
    options: Options = field(default_factory=dict)
    guidance: Options = field(default_factory=dict)
    clip: Options = field(default_factory=dict)
    precision: str = "float32"
    batch: int = 100

    def __str__(self) -> str:
        """ "ddim@10, scale 3.0": what differs from the defaults."""
        plain = Configuration(self.sampler, self.steps)
        special = [f"{k} {v}" for k, v in vars(self).items() if v != getattr(plain, k) and k != "batch"]
        return ", ".join([f"{self.sampler}@{self.steps}", *special])

    @property
    def key(self) -> str:
        """The configuration as one line of text: two are the same where their keys are."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Measurement:
    """One row: what was run, on what, how fast, how good. What was not measured is None.

    nfe                   network evaluations for one sample, counted
    seconds_per_image     median over `repeats` batches after `warm_up` ones; seconds_q1 and seconds_q3 the quartiles
    peak_memory_mb        of a CUDA device while sampling
    load                  of the machine before the run
    features              in which the quality figures are taken, with the hash of the network that makes them
    quality               scores with spread and floor by name, all of `samples` samples from `seed`
    """

    configuration: Configuration
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

    @property
    def key(self) -> str:
        """What makes two rows measurements of the same thing."""
        return f"{self.configuration.key} samples={self.samples} seed={self.seed}"

    def row(self) -> dict[str, Any]:
        """One flat line of a table: frechet_value, frechet_spread, frechet_floor, ... of a score."""
        flat = {name: value for name, value in vars(self).items() if name not in ("configuration", "quality")}
        chosen = {name: json.dumps(v) if isinstance(v, dict) else v for name, v in vars(self.configuration).items()}
        scores = {}
        for name, score in self.quality.items():
            for each, part in PARTS.items():
                scores[name + part] = getattr(score, each)
        return {**chosen, **flat, **scores}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Measurement":
        """The inverse of `row`, from values or from their text."""
        names = [name.removesuffix("_floor_spread") for name in row if name.endswith("_floor_spread")]
        quality = {
            name: Score(**{field: float(row[name + part]) for field, part in PARTS.items()}, n=int(row["samples"]))
            for name in names
            if row[name + "_value"] not in ("", None)
        }
        return cls(configuration=_typed(Configuration, row), quality=quality, **_values(cls, row))


PARTS = {each: f"_{each}" for each in ("value", "spread", "floor", "floor_spread")}  # endings of a score's columns
NESTED = ("configuration", "quality")


def _typed(kind: type[Configuration], row: dict[str, Any]) -> Configuration:
    return kind(**_values(kind, row))


def _values(kind: type, row: dict[str, Any]) -> dict[str, Any]:
    """The fields of a dataclass, read from text where they are text."""
    return {each.name: _read(each.type, row[each.name]) for each in fields(kind) if each.name not in NESTED}


def _read(kind: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value == "":
        return None
    if kind is int:
        return int(value)
    if kind is float or kind == float | None:
        return float(value)
    return json.loads(value) if kind == Options else value

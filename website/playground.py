"""The playground: samplers on numbers, computed in the page itself from tables that Python writes.

A deterministic sampler is a table of numbers (`pipelines.linear_steps`): the page needs it, the exact denoiser of
a mixture, which is a formula, and the noise that it starts from. What it draws equals what the library computes.
"""

import json
from pathlib import Path as File
from typing import Any

from diffusion_lessons import schedules
from diffusion_lessons.figures import style
from diffusion_lessons.path import Path
from diffusion_lessons.pipelines.coefficients import linear_steps
from diffusion_lessons.samplers import ALL
from diffusion_lessons.samplers.base import Sampler
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.one_dimension import gaussian_quantiles
from website.links import Site

PAGE = File(__file__).with_suffix(".md")
STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 30, 50)
STARTS = 400  # numbers whose noise is spread evenly over N(0, 1)
DIGITS = 12  # of a coefficient: far more than a picture shows, and 1e-6 of what the library computes
COLORS = [style.BLUE, style.VERMILION]  # of the first sampler and of the one beside it, whichever they are
MEANS, STD, WEIGHTS = (-1.0, 1.0), 0.2, (0.3, 0.7)  # the two clusters of lesson 04


def paths() -> dict[str, Path]:
    """The paths of the menu."""
    return {
        "DDPM's, linear": schedules.ddpm_linear(),
        "cosine": schedules.cosine(),
        "flow, straight": schedules.flow(),
    }


def clusters() -> GaussianMixture:
    """The data of the page."""
    return GaussianMixture(list(MEANS), stds=STD, weights=list(WEIGHTS))


def able(sampler: Sampler) -> bool:
    """Whether a sampler is a table of numbers on any grid."""
    info = sampler.info
    return bool(info.deterministic and info.stages is not None and not info.upward and info.name != "consistency")


def table(sampler: Sampler, path: Path, steps: int) -> list[list[Any]]:
    """[t, alpha, sigma, keep, [weights of the clean samples]] of each look."""
    rows = linear_steps(sampler, path, path.grid(steps))
    return [[*map(shortened, (r.t, r.alpha, r.sigma, r.keep)), [shortened(c) for c in r.clean]] for r in rows]


def shortened(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")


def tables() -> dict[str, Any]:
    """Everything that the page computes from."""
    names = [name for name, sampler in ALL.items() if able(sampler)]
    return {
        "steps": list(STEPS),
        "means": list(MEANS),
        "std": STD,
        "weights": list(WEIGHTS),
        "starts": [shortened(x) for x in gaussian_quantiles(STARTS).tolist()],
        "labels": {name: style.label(name) for name in names},
        "colors": COLORS,
        "paths": {
            called: {
                "T": path.T,
                "start": shortened(path.prior_std),
                "tables": {name: {str(n): table(ALL[name], path, n) for n in STEPS} for name in names},
            }
            for called, path in paths().items()
        },
    }


def write_playground(site: Site) -> None:
    """The page, and its tables as a script, which a page may load from a disk, too."""
    site.write("playground.md", PAGE.read_text(encoding="utf-8"))
    written = json.dumps(tables(), separators=(",", ":"), ensure_ascii=False)
    site.write("_static/playground-tables.js", f"const TABLES = {written};\n")

"""What the commands benchmark, frontier and claims do and print."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import card as best
from diffusion_lessons.benchmark import plans, table
from diffusion_lessons.benchmark import shipped as stored
from diffusion_lessons.benchmark.frontier import best_under, knee, on_frontier
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.benchmark.rows import Configuration, Measurement
from diffusion_lessons.benchmark.sweep import sweep
from diffusion_lessons.benchmark.timed_samples import device_of
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.figures import frontier as figures
from diffusion_lessons.machine import places
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.machine.files import write_atomically
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.metrics import inception as inceptions

COLUMNS = ("steps", "nfe", "scale", "seconds_per_image", "frechet_value", "frechet_spread", "frechet_floor")


def run_benchmark(
    checkpoint: str,
    plan: str = "quick",
    *,
    samples: int | None = None,
    batch: int = 25,
    out: Path | None = None,
    ship: bool = False,
    latency: bool = True,
    inception: bool = False,
    inception_weights: Path | None = None,
    device: str | None = None,
    seed: int = 0,
) -> list[Measurement]:
    """Measure a checkpoint by a plan, print each row as it is made, and keep the rows in a file.

    ship: keep them where the course's own tables are, `datasets/measurements/`.
    inception: judge by Inception's features, whose Frechet distance is a FID; in a table of their own.

    Raises ValueError for shipping those: the course's tables are all in its own features, so that they compare;
    FileNotFoundError for shipping without a clone of the repository to put them into.
    """
    if ship and inception:
        raise ValueError("shipped tables are in the course's own features: give --out instead of --ship")
    if ship:
        places.clone_for("--ship writes the course's own tables")
    denoise = checkpoints.load(checkpoint, Processes.started(device).device)
    name = Path(checkpoint).stem
    data = (denoise.card or {}).get("data", {})
    named = data["name"] if isinstance(data, dict) else str(data)
    if inception:
        evaluator = inceptions.evaluator(named, weights_file=inception_weights, device=device_of(denoise))
    else:
        evaluator = evaluators.of_images(named)
    folder = places.measurements() if ship else Path("runs/measurements")
    file = out or folder / f"{name}{'-inception' * inception}.csv"
    rows = []
    for group in plans.groups(plan, denoise.card, samples=samples, batch=batch):
        count = min(group.samples, len(evaluator.held_out.features))
        options: dict[str, Any] = {"samples": count, "seed": seed, "name": name, "repeats": 3 if latency else 0}
        options["evaluator"] = evaluator if count else None
        for row in sweep(denoise, group.configurations, file, **options):
            print(_line(row), flush=True)
            rows.append(row)
    print(f"{len(rows)} rows in {file}")
    return rows


def run_evaluation(
    checkpoint: str,
    samples: int | None = None,
    *,
    configuration: Configuration | None = None,
    batch: int = 50,
    precision: str = "float32",
    device: str | None = None,
    seed: int = 0,
    command: str = "",
) -> dict[str, Any]:
    """Measure a checkpoint at its guidance scales, print each, and write the figures into its card; return them.

    samples: as many as there are held-out images if None, 10,000 at most.
    configuration: how to sample; without one the best candidate of `evaluation.best`, chosen on other noise. Either is
        sampled in `batch` and `precision`.

    Raises ValueError for more samples than held-out images, which the floor needs, and for a checkpoint that was
    replaced while it was measured; its card is then left as it is.
    """
    denoise = checkpoints.load(checkpoint, choose_device(device))
    card = denoise.card or {}
    evaluator = evaluators.of_images(card["data"]["name"])
    held_out = len(evaluator.held_out.features)
    count = samples if samples is not None else held_out
    if count > held_out:
        raise ValueError(
            f"{count} samples were asked for, and the floor at that count needs as many held-out images: there are "
            f"{held_out}; ask for at most {held_out}"
        )
    rows: list[Measurement] = []
    ways: dict[str, Any] = {"batch": batch, "precision": precision}
    for scale in best.scales(card):
        trials = min(best.TRIALS, count)
        chosen = configuration or best.best(denoise, evaluator, scale, samples=trials, seed=seed + 1, **ways)
        options: dict[str, Any] = {"evaluator": evaluator, "metrics": best.METRICS, "samples": count, "seed": seed}
        rows.append(measure(denoise, replace(chosen, scale=scale, **ways), repeats=0, progress=True, **options))
        print(_line(rows[-1]), flush=True)
    if cards.read_card(checkpoint)["sha256"] != card["sha256"]:
        raise ValueError(f"{checkpoint} was replaced while it was measured: its card is left as it is; measure again")
    entry = best.entry(rows, command)
    checkpoints.amend(checkpoint, evaluation=entry)
    print(f"written to the card of {checkpoint}")
    return entry


def show_frontier(
    *sources: str, x: str = "nfe", quality: str = "frechet", out: Path | None = None, budget: float | None = None
) -> pd.DataFrame:
    """Print the rows that no other beats, the knee, and the best within a budget; draw all of them.

    sources: shipped tables' names or CSV files. Clipped rows in float32 without guidance are compared, of the largest
        count that every table has; and by latency only those that have one.
    """
    tables = [[row for row in _rows(source) if getattr(row, x, 0) is not None] for source in sources]
    try:
        compared = figures.joined(stored.comparable(*tables))
    except LookupError as error:
        raise ValueError(f"{', '.join(sources)}: a frontier is drawn of {error.args[0]}") from error
    best = compared[on_frontier(compared, [x, f"{quality}_value"])].sort_values(x)
    print(_text(best, x))
    bend = knee(compared, x, f"{quality}_value")
    if bend is not None:
        print(f"knee: {_name(compared.iloc[bend])}")
    if budget is not None:
        print(f"best with {x} at most {budget:g}, and what cannot be told from it:")
        print(_text(best_under(compared, {x: budget}, f"{quality}_value"), x))
    if out is not None:
        figure = figures.frontier(compared, x, quality)
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=150)
        beyond = out.with_stem(out.stem + "-beyond-floor")
        figures.above_floor(compared, quality).savefig(beyond, dpi=150)
        print(f"drawn in {out} and {beyond}")
    return best


def show_claims(names: Sequence[str] = (), *, every: bool = False, out: Path | None = None) -> None:
    """Measure the claims of these names (or every one) anew, write the page, and print the verdicts."""
    import claims

    unknown = sorted(set(names) - set(claims.CLAIMS))
    if unknown:
        raise ValueError(f"no claim {', '.join(unknown)}; they are C1 to C{len(claims.CLAIMS)}")
    ledger = claims.gather(None if every else names) if every or names else claims.read()
    page = out or Path("CLAIMS.md")
    write_atomically(page, claims.markdown(ledger).encode())
    shown: Iterable[str] = names or claims.CLAIMS
    for name in shown:
        print(f"{name:4} {claims.verdict(ledger.get(name, [])):22} {claims.CLAIMS[name].text}")
    print(f"written to {page}")


def _rows(source: str) -> list[Measurement]:
    """A shipped table by its name, or a CSV file."""
    file = Path(source)
    return stored.with_latency(table.read(file)) if file.suffix == ".csv" else stored.rows(source)


def _name(row: pd.Series) -> str:
    return f"{row['label']}@{row['steps']}"


def _text(rows: pd.DataFrame, x: str) -> str:
    columns = [name for name in dict.fromkeys([*COLUMNS, x]) if name in rows]
    named = rows[columns].set_axis([_name(row) for _, row in rows.iterrows()], axis=0)
    return named.to_string(float_format=lambda value: f"{value:.4g}")


def _line(row: Measurement) -> str:
    chosen = row.configuration
    words = [
        f"{figures.label(chosen)}@{chosen.steps}",
        f"s={chosen.scale:g}",
        f"nfe {row.nfe:g}",
        f"n {row.samples}",
    ]
    if row.seconds_per_image is not None:
        words.append(f"{1000 * row.seconds_per_image:.1f} ms/image")
    for name in ("frechet", "recall", "adherence"):
        if name in row.quality:
            score = row.quality[name]
            words.append(f"{name} {score.value:.3g}±{score.spread:.2g} (real {score.floor:.3g})")
    return "  ".join(words)

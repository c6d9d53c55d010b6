"""`diffusion-lessons benchmark`: measure a checkpoint by a plan, row by row."""

from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import plans, table
from diffusion_lessons.benchmark.latency import conditions, speed_up, timed_table
from diffusion_lessons.benchmark.rows import Measurement, told
from diffusion_lessons.benchmark.sweep import sweep
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.figures import style
from diffusion_lessons.figures.quality.frontier import label
from diffusion_lessons.machine import places
from diffusion_lessons.machine.files import check_writable
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.metrics import inception as inceptions
from diffusion_lessons.metrics.captions.evaluator import of_network
from diffusion_lessons.metrics.evaluator import data_of
from diffusion_lessons.sampling import Settings, device_of


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
    compile: bool = False,
    precision: str | None = None,
    seed: int = 0,
) -> list[Measurement]:
    """Measure a checkpoint by a plan, print each row as it is made, and keep the rows in a file.

    ship: keep them where the course's own tables are, `datasets/measurements/`.
    compile: the network through torch.compile, which pays after some minutes; its rows say so.
    precision: of the network in every row, instead of the plan's.
    inception: measure in Inception's features, whose Fréchet distance is a FID, and keep a table of their own.

    Raises ValueError for `ship` with `inception`, since the course's tables are all in its own features and comparable;
    FileNotFoundError for `ship` outside a clone of the repository.
    """
    if ship and inception:
        raise ValueError("shipped tables are in the course's own features: give --out instead of --ship")
    if ship and out is not None:
        raise ValueError("--ship writes the course's own table, and --out another: give one of them")
    if ship:
        places.clone_for("--ship writes the course's own tables")
    denoise = checkpoints.load(checkpoint, Processes.started(device).device, compile=compile)
    name = cards.stem(checkpoint)
    evaluator = (
        inceptions.evaluator(data_of(denoise), weights_file=inception_weights, device=device_of(denoise))
        if inception
        else of_network(denoise)
    )
    folder = places.measurements() if ship else Path("runs/measurements")
    file = out or folder / f"{name}{'-inception' * inception}{table.SUFFIX}"
    check_writable(file)
    rows = []
    for group in plans.groups(plan, denoise.card, samples=samples, batch=batch, precision=precision):
        count = min(group.samples, len(evaluator.held_out.features))
        options: dict[str, Any] = {"samples": count, "seed": seed, "name": name, "repeats": 3 if latency else 0}
        options["evaluator"] = evaluator if count else None
        if not count:
            rows += _timed(denoise, group.settings, file, name, seed)
            continue
        try:
            for row in sweep(denoise, group.settings, file, **options):
                tqdm.write(line(row))  # above the bar
                rows.append(row)
        except KeyboardInterrupt:
            print(f"\nstopped: what was measured is kept in {file}, and the same command goes on from there")
            raise
    print(f"{style.count(len(rows), 'row')} in {file}")
    return rows


def _timed(denoise: Any, grid: list[Settings], file: Path, name: str, seed: int) -> list[Measurement]:
    """Rows of latency, timed in turn, and how many times faster each is than the one of most evaluations."""
    rows = timed_table(denoise, grid, file, name=name, seed=seed, progress=True)
    slowest = max(rows, key=lambda row: row.nfe)
    for row in rows:
        print(line(row), flush=True)
        if row is not slowest:
            print(f"  than {slowest.settings}: {speed_up(row, slowest).words}")
    return rows


def line(row: Measurement) -> str:
    """A row as it is printed: settings, evaluations, time and the main figures of quality."""
    settings = row.settings
    words = [
        f"{label(settings)}@{settings.steps}",
        f"s={settings.scale:g}",
        f"nfe {row.nfe:g}",
        f"n {row.samples}",
    ]
    if row.seconds_per_image is not None:
        words.append(f"{1000 * row.seconds_per_image:.3g} ms/image")
        if row.evaluation_seconds is not None:
            words.append(f"({row.nfe:g} evaluations of {1000 * row.evaluation_seconds:.3g} ms)")
        words.append(conditions(row))
    for name in ("frechet", "recall", "adherence"):
        if name in row.quality:
            score = row.quality[name]
            words.append(f"{told(name, score)} (real {score.floor:.3g})")
    return "  ".join(words)

"""`diffusion-lessons frontier`: the settings that no others beat, as a table and a figure."""

from pathlib import Path

import pandas as pd

from diffusion_lessons.benchmark import shipped, table
from diffusion_lessons.benchmark.frontier import best_under, knee, on_frontier
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.students import difference
from diffusion_lessons.figures.pictures.saving import check_figure, save_figure
from diffusion_lessons.figures.quality import frontier as figures
from diffusion_lessons.metrics.intervals import holm, interval, p_value
from diffusion_lessons.metrics.scores import METRICS, metric_named

COSTS = ("steps", "nfe", "scale", "seconds_per_image")


def show_frontier(
    *sources: str,
    x: str = "nfe",
    quality: str = "frechet",
    out: Path | None = None,
    budget: float | None = None,
    against: str | None = None,
) -> pd.DataFrame:
    """Print the rows that no other beats, the knee and the best within a budget; draw them with all other rows.

    against: a row, such as "ddim@50": print how much better or worse than it every other is, in pairs.

    sources: names of shipped tables, or files. The rows compared are clipped, unguided and in float32, of the largest
        sample count that every table has; a comparison by latency takes those for which it was measured.

    Raises ValueError for an unknown cost, metric or row, and for what was not measured.
    """
    if x not in figures.AXES:
        raise ValueError(f"unknown cost {x!r}; the costs are {', '.join(figures.AXES)}")
    metric_named(quality)
    if budget is not None and not budget >= 0:
        raise ValueError(f"budget is a cost of at least 0; got {budget}")
    if out is not None:
        check_figure(out)
    tables = [_with_cost(source, x) for source in sources]
    try:
        rows = shipped.comparable(*tables)
        points = figures.joined(rows)
    except LookupError as error:
        raise ValueError(f"{', '.join(sources)}: a frontier needs {error.args[0]}") from error
    if f"{quality}_value" not in points:
        raise ValueError(f"{', '.join(sources)}: no row has {quality}")
    base = None if against is None else _row_named(against, points)
    best = points[on_frontier(points, [x, f"{quality}_value"])].sort_values(x)
    print(_text(best, x, quality))
    bend = knee(points, x, f"{quality}_value")
    if bend is not None:
        print(f"knee: {_name(points.iloc[bend])}")
    if budget is not None:
        print(f"best with {x} at most {budget:g}, and rows whose difference from it is not resolved:")
        print(_text(best_under(points, {x: budget}, f"{quality}_value"), x, quality))
    if base is not None:
        print(_differences(rows, points, base, quality))
    if out is not None:
        beyond = out.with_stem(out.stem + "-beyond-floor")
        save_figure(figures.frontier(points, x, quality), out)
        save_figure(figures.above_floor(points, quality), beyond)
        print(f"figures: {out} and {beyond}")
    return best


def _rows(source: str) -> list[Measurement]:
    """A shipped table by its name, or a file."""
    file = Path(source)
    return shipped.with_latency(table.read(file)) if file.suffix else shipped.rows(source)


def _with_cost(source: str, x: str) -> list[Measurement]:
    """The rows of a source that have this cost. Raises ValueError where there are rows and none has it."""
    rows = _rows(source)
    measured = [row for row in rows if getattr(row, x) is not None]
    if rows and not measured:
        raise ValueError(f"{source}: no row has {x}")
    return measured


def _row_named(name: str, points: pd.DataFrame) -> int:
    """The position of the row that is meant by "ddim@50", or by the whole name of a row as it is printed."""
    names = [_name(row) for _, row in points.iterrows()]
    short = [f"{row['sampler']}@{row['steps']}" if not row["options"] else "" for _, row in points.iterrows()]
    wanted = name.casefold()
    found = [k for k, pair in enumerate(zip(names, short, strict=True)) if wanted in (one.casefold() for one in pair)]
    if len(found) != 1:
        problem = "no row" if not found else "several rows are called"
        raise ValueError(f"{problem} {name!r}; the rows are {', '.join(map(repr, names))}")
    return found[0]


def _differences(rows: list[Measurement], points: pd.DataFrame, base: int, quality: str) -> str:
    """How far each row lies from that one, in pairs: the difference, its interval, and what Holm leaves of it."""
    names = [_name(row) for _, row in points.iterrows()]
    found = {k: difference(row, rows[base], metric=quality) for k, row in enumerate(rows) if k != base}
    corrected = holm({str(k): p_value(number) for k, number in found.items()})
    order = sorted(found, key=lambda k: found[k].n)
    lines = [[f"{rows[k].nfe:g}", str(interval(found[k])), f"{corrected[str(k)]:.2g}"] for k in order]
    table = pd.DataFrame(lines, [names[k] for k in order], ["nfe", "difference [95 %]", "p (Holm)"])
    title = f"{METRICS[quality].title} minus that of {names[base]}, {rows[base].samples} samples each, in pairs"
    return f"{title}:\n{table.to_string()}"


def _name(row: pd.Series) -> str:
    return f"{row['label']}@{row['steps']}"


def _text(rows: pd.DataFrame, x: str, quality: str) -> str:
    figures_of = [f"{quality}_{part}" for part in ("value", "spread", "floor")]
    columns = [name for name in dict.fromkeys([*COSTS, *figures_of, x]) if name in rows]
    measured = rows[columns].dropna(axis="columns", how="all")  # no column of latency where it was not measured
    labelled_rows = measured.set_axis([_name(row) for _, row in rows.iterrows()], axis=0)
    return labelled_rows.to_string(float_format=lambda value: f"{value:.4g}")

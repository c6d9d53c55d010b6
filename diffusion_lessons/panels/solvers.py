"""The panel of solvers: two samplers on one exact problem, error against evaluations, on a grid of your choice."""

from collections.abc import Iterator, Sequence

from diffusion_lessons.figures import style
from diffusion_lessons.figures.display import freeze
from diffusion_lessons.panels.controls import menu
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.convergence import Row

STEPS = (3, 4, 6, 8, 12, 16, 24, 32, 48)
GRIDS = ("logsnr", "karras", "quadratic", "trailing")
BUDGET = 24  # evaluations at which the words compare
POINTS = 16


def order_panel(path: Path, *, first: str = "ddim", second: str = "dpm_solver_pp_2m", grid: str = "logsnr") -> Panel:
    """Any two deterministic samplers on the mixture of `orders`, against evaluations.

    The walk ends at `path.t_min`, just above the data, or at the data.
    """
    plot = _Race(path)
    names = [(_label(name), name) for name in convergence.solvers()]
    ends = [("just above the data", path.t_min), ("at the data", None)]
    controls = {
        "first": menu("solver", names, first),
        "second": menu("against", names, second),
        "grid": menu("grid", GRIDS, grid),
        "end": menu("ends", ends, path.t_min),
    }
    return Panel(plot.draw, controls)


def _label(name: str) -> str:
    sampler = name.partition(" ")[0]
    return style.label(sampler) + name.removeprefix(sampler)


class _Race:
    """A kept figure with two lines that move, and every error that was measured once."""

    def __init__(self, path: Path):
        self.path = path
        self.figure, self.axes = style.axes(
            "Error against evaluations", "network evaluations (NFE)", "RMS distance to the exact solution"
        )
        self.axes.set(xscale="log", yscale="log", xlim=(2.5, 220), ylim=(1e-6, 2))
        self.lines = [self.axes.plot([], [], markersize=5)[0] for _ in range(2)]
        self.axes.axvline(BUDGET, color=style.GREY, linestyle=":", linewidth=1.2)
        freeze(self.figure)
        self.known: dict[tuple, Row] = {}

    def draw(self, first: str, second: str, grid: str, end: float | None) -> Iterator[Drawing | None]:
        texts = []
        for line, name in zip(self.lines, (first, second), strict=True):
            rows = []
            for steps in STEPS:
                rows.append(self._row(name, steps, grid, end))
                yield None
            look = style.look(rows[0].sampler)
            line.set(color=look.color, marker=look.marker, linestyle="--" if line is self.lines[1] else "-")
            line.set(label=_label(name), markerfacecolor="white" if line is self.lines[1] else look.color)
            line.set_data([row.nfe for row in rows], [row.error for row in rows])
            texts.append(self._at_budget(name, rows))
        self.axes.legend(handles=self.lines, loc="lower left", frameon=False)
        yield Drawing(self.figure, f"{grid} grid, at most {BUDGET} evaluations: " + "; ".join(texts))

    def _row(self, name: str, steps: int, grid: str, end: float | None) -> Row:
        key = (name, steps, grid, end)
        if key not in self.known:
            run = {name: convergence.solvers()[name]}
            (self.known[key],) = convergence.errors(
                run, path=self.path, steps=[steps], spacing=grid, t_min=end, points=POINTS
            )
        return self.known[key]

    @staticmethod
    def _at_budget(name: str, rows: Sequence[Row]) -> str:
        row = max((row for row in rows if row.nfe <= BUDGET), key=lambda row: row.nfe)
        return f"{_label(name)} is off by {row.error:.3g}"

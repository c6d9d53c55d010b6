"""The panel of solvers: all of them on one exact problem, two in colour, on a grid and at a budget of your choice."""

from collections.abc import Iterator, Sequence

from diffusion_lessons.figures import style
from diffusion_lessons.figures.pictures.display import freeze
from diffusion_lessons.panels.controls import choice_slider, menu
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.convergence import Row

STEPS = (3, 4, 6, 8, 12, 16, 24, 48, 100)
MOST = 200  # evaluations that are drawn
GRIDS = ("logsnr", "karras", "quadratic", "trailing")
BUDGETS = (12, 16, 24, 48, 100)  # evaluations at which the words compare: every solver can be run with these
POINTS = 16


def order_panel(
    path: Path,
    *,
    first: str = "ddim",
    second: str = "dpm_solver_pp_2m",
    grid: str = "logsnr",
    budget: int = 24,
) -> Panel:
    """Every deterministic sampler on the mixture of `orders`, against evaluations: two in colour, the others in grey.

    The words say how far these two are off within the budget, and which of all is nearest. The trajectories end at
    `path.t_min`, just above the data, or at the data.
    """
    plot = _Race(path)
    names = [(_label(name), name) for name in convergence.solvers()]
    ends = [("just above the data", path.t_min), ("at the data", None)]
    controls = {
        "first": menu("solver", names, first),
        "second": menu("against", names, second),
        "grid": menu("grid", GRIDS, grid),
        "end": menu("ends", ends, path.t_min),
        "budget": choice_slider("evaluations", BUDGETS, budget),
    }
    return Panel(plot.draw, controls)


def _label(name: str) -> str:
    sampler = name.partition(" ")[0]
    return style.label(sampler) + name.removeprefix(sampler)


class _Race:
    """A kept figure with a line for each solver, and every error that was measured once."""

    def __init__(self, path: Path):
        self.path = path
        self.figure, self.axes = style.axes(
            "Error against evaluations", "network evaluations (NFE)", "RMS distance to the exact solution"
        )
        self.axes.set(xscale="log", yscale="log", xlim=(2.5, 1.1 * MOST), ylim=(1e-6, 2))
        self.others = {name: self.axes.plot([], [], color=style.GREY, lw=0.7)[0] for name in convergence.solvers()}
        self.lines = [self.axes.plot([], [], markersize=5)[0] for _ in range(2)]
        self.budget = self.axes.axvline(1, color=style.GREY, linestyle=":", linewidth=1.2)
        freeze(self.figure)
        self.known: dict[tuple, Row] = {}

    def draw(self, first: str, second: str, grid: str, end: float | None, budget: int) -> Iterator[Drawing | None]:
        rows: dict[str, list[Row]] = {name: [] for name in self.others}
        for name, other in self.others.items():
            for steps in self._affordable(name, grid, end):
                rows[name].append(self._row(name, steps, grid, end))
                yield None
            other.set_data([row.nfe for row in rows[name]], [row.error for row in rows[name]])
        for line, name in zip(self.lines, (first, second), strict=True):
            look = style.look(rows[name][0].sampler)
            line.set(color=look.color, marker=look.marker, linestyle="--" if line is self.lines[1] else "-")
            line.set(label=_label(name), markerfacecolor="white" if line is self.lines[1] else look.color)
            line.set_data(*self.others[name].get_data())
        self.budget.set_xdata([budget, budget])
        self.axes.legend(handles=self.lines, loc="lower left", frameon=False)
        within = {name: _within(own, budget) for name, own in rows.items()}
        texts = [f"{_label(name)} is off by {within[name]:.3g}" for name in (first, second)]
        nearest = min(within, key=lambda name: within[name])
        texts.append(f"nearest of all {len(within)} is {_label(nearest)} with {within[nearest]:.3g}")
        yield Drawing(self.figure, f"{grid} grid, at most {budget} evaluations: " + "; ".join(texts))

    def _affordable(self, name: str, grid: str, end: float | None) -> list[int]:
        """The numbers of steps that take at most MOST evaluations."""
        info = convergence.solvers()[name].sampler.info
        return [steps for steps in STEPS if (info.nfe(self.path.grid(steps, grid, end), self.path) or 0) <= MOST]

    def _row(self, name: str, steps: int, grid: str, end: float | None) -> Row:
        key = (name, steps, grid, end)
        if key not in self.known:
            run = {name: convergence.solvers()[name]}
            (self.known[key],) = convergence.errors(
                run, path=self.path, steps=[steps], spacing=grid, t_min=end, points=POINTS
            )
        return self.known[key]


def _within(rows: Sequence[Row], budget: int) -> float:
    """The error at the most evaluations that the budget allows."""
    return max((row for row in rows if row.nfe <= budget), key=lambda row: row.nfe).error

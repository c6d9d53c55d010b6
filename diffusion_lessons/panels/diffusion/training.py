"""The panel of training: the noises behind one x_t, the best answer through them, and the loss that it leaves."""

from matplotlib.figure import Figure

from diffusion_lessons.figures import style
from diffusion_lessons.figures.diffusion.noising import times_to_draw
from diffusion_lessons.figures.diffusion.training import ExamplesPlot
from diffusion_lessons.figures.pictures.display import freeze
from diffusion_lessons.panels.controls import slider
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path
from diffusion_lessons.toys.bayes_loss import bayes_loss
from diffusion_lessons.toys.mixtures import GaussianMixture


def answers_panel(mixture: GaussianMixture, path: Path, *, start: int = 150) -> Panel:
    """Examples (x_t, eps) and the best answer at the time t that one moves, beside the least loss against t."""
    figure = Figure(figsize=(8.6, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    pairs = ExamplesPlot(left, mixture, path)
    left.set_ylabel(r"the noise $\varepsilon$ in it")
    t = times_to_draw(path).tolist()
    right.plot(t, [bayes_loss(mixture, path, one) for one in t], color=style.BLACK)
    (dot,) = right.plot([], [], "o", color=style.VERMILION, markersize=9)
    right.set(title="The loss that nobody can avoid", xlabel="t", ylim=(0, 1.03))
    style.clean(right)
    freeze(figure)

    def draw(t: int) -> Drawing:
        best = bayes_loss(mixture, path, t)
        pairs.at(t)
        dot.set_data([t], [best])
        return Drawing(figure, f"at t = {t} the best answer is wrong by {best:.3f} in the mean square")

    return Panel(draw, {"t": slider("t", start, 1, round(path.T))})

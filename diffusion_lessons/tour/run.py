"""The tour from beginning to end, with one function for each section of its page."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure
from tqdm.auto import tqdm

from diffusion_lessons import schedules, toys
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.figures.diffusion.noising import image_strip
from diffusion_lessons.figures.diffusion.trajectories import estimate_strip, trajectory_figure
from diffusion_lessons.figures.style import label
from diffusion_lessons.machine.files import check_writable, write_atomically
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.metrics import features
from diffusion_lessons.metrics.adherence import adherence
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.samplers.base import State
from diffusion_lessons.sampling import Settings, generate, states
from diffusion_lessons.tour import report
from diffusion_lessons.toys.worked_example import worked_example
from diffusion_lessons.training import loop, recipes
from diffusion_lessons.training.folder import networks_in

COMMAND = "diffusion-lessons tour"  # by which a network of a tour is known
COMPARED = (Settings("ddpm", 1000), *(Settings("ddim", steps) for steps in (50, 20, 10, 5)))
SCALES = (0.0, 1.0, 3.0, 7.5, 15.0)
WANTED, AVOIDED = 8, 3  # the negative example: an 8 that is not a 3
DIGITS = [str(digit) for digit in range(10)]


@dataclass(frozen=True)
class Plan:
    """The amount of work: training images, samples of each sampler, the batch size, and samples with a negative.

    The fast tour draws too few samples for a Fréchet distance in 64 features, which needs 130.
    """

    images: int
    samples: int
    batch: int
    pushed: int
    metrics: tuple[str, ...]

    @classmethod
    def of(cls, fast: bool) -> "Plan":
        if fast:
            return cls(images=6_400, samples=20, batch=10, pushed=10, metrics=("adherence",))
        return cls(images=64_000, samples=200, batch=50, pushed=40, metrics=("adherence", "frechet"))


def run(
    out: str | Path = "runs/tour", *, fast: bool = False, seed: int = 0, device: str | torch.device | None = None
) -> Path:
    """Make the tour and return its page, `out`/index.html; pictures, the table and the network are beside it.

    An earlier tour there is replaced. Raises FileExistsError for a folder with a network that was trained otherwise,
    OSError for one that cannot be written; both before anything is computed.
    """
    out, plan = Path(out), Plan.of(fast)
    _check_free(out)
    example = worked_example()
    print("Three steps by hand (x is one number, the data are -1 or +1):\n")
    print(example.round(4).to_string(index=False), "\n")

    denoise, training = _train(plan, out, seed, device)
    evaluator = evaluators.of_images("digits")
    rows = [_measured(denoise, settings, evaluator, plan, seed) for settings in COMPARED]
    results = table(rows)
    print("\n" + report.readable(results).to_string(index=False))

    guided, guidance = _guided(denoise, evaluator, seed)
    pushed, negative = _negative(denoise, plan.pushed, seed)
    figures = {
        "samples": _side_by_side(denoise, seed),
        "denoising-ddpm": _on_the_way(denoise, "ddpm", 1000, seed),
        "denoising-ddim": _on_the_way(denoise, "ddim", 50, seed),
        "mixture": _on_a_mixture(seed),
        "guidance": guidance,
        "negative": negative,
    }
    for name, figure in figures.items():
        report.save(figure, out / f"{name}.png")
    write_atomically(out / "results.csv", results.to_csv(index=False).encode())
    numbers = {"training": training, "guidance": guided, "negative": pushed, "fast": fast, "seed": seed}
    write_atomically(out / "results.json", json.dumps(numbers, indent=2).encode())
    page = report.write(out, example, results, numbers, evaluator.name)
    print(f"\nOpen {page} to look at all of it.")
    return page


def table(rows: list[Measurement]) -> pd.DataFrame:
    """One line for each sampler, and below them the floor: what real digits score at the same count."""
    titles = {"adherence": "adherence", "frechet": "Fréchet distance"}
    lines: list[dict[str, Any]] = [
        {
            "sampler": label(row.settings.sampler),
            "steps": row.settings.steps,
            "NFE": row.nfe,
            "seconds per image": row.seconds_per_image,
            "quartiles apart": (row.seconds_q3 or 0.0) - (row.seconds_q1 or 0.0),
            **{title: row.quality[name].value for name, title in titles.items() if name in row.quality},
        }
        for row in rows
    ]
    floor = {title: rows[0].quality[name].floor for name, title in titles.items() if name in rows[0].quality}
    return pd.DataFrame([*lines, {"sampler": "real digits (the floor)", **floor}])


def _measured(denoise: Denoiser, settings: Settings, evaluator: Evaluator, plan: Plan, seed: int) -> Measurement:
    return measure(
        denoise,
        settings.changed(batch=plan.batch),
        evaluator=evaluator,
        metrics=plan.metrics,
        samples=plan.samples,
        repeats=plan.samples // plan.batch,
        seed=seed,
        progress=True,
    )


def _check_free(out: Path) -> None:
    check_writable(out / "index.html")
    for network in networks_in(out, recipes.get("digits")):
        if cards.read_card(network).get("command") != COMMAND:
            raise FileExistsError(
                f"{network} was not trained by a tour and would be replaced: use another folder (--out)"
            )


def _train(plan: Plan, out: Path, seed: int, device: str | torch.device | None) -> tuple[Denoiser, dict[str, Any]]:
    """A class-conditional U-Net, from random weights, on the 8x8 digits and their smudged copies."""
    recipe = recipes.get("digits", images=plan.images)
    with tqdm(total=plan.images, unit="image", desc="training") as bar:
        for record in loop.train(recipe, recipe.load_data(), device=device, seed=seed):
            bar.update(record.images - bar.n)
            bar.set_postfix(loss=f"{record.loss:.3f}")
    loop.finish(record, out, command=COMMAND, overwrite=True)
    training = {"images": record.images, "seconds": round(record.seconds, 1), "loss": round(record.loss, 4)}
    return record.denoiser(), training


def _side_by_side(denoise: Denoiser, seed: int) -> Figure:
    """The ten digits by each sampler, from the same starting noise."""
    rows = {}
    for settings in COMPARED:
        x = generate(denoise, 10, settings, labels=range(10), seed=seed)[-1].x
        rows[f"{label(settings.sampler)}, {settings.steps}"] = x
    return image_strip(rows, DIGITS, "One network, one starting noise, fewer and fewer steps")


def _on_the_way(denoise: Denoiser, sampler: str, steps: int, seed: int) -> Figure:
    """A 3 as it emerges from noise, with the network's estimates of it."""
    trace = generate(denoise, 1, sampler=sampler, steps=steps, labels=[3], seed=seed)
    return estimate_strip(trace, columns=11)


def _on_a_mixture(seed: int) -> Figure:
    """Trajectories of DDPM and of DDIM on two clusters of numbers, over the exact density of x_t."""
    path, clusters = schedules.cosine(), toys.GaussianMixture([-1.0, 1.0], stds=0.15, weights=[1, 2])
    start = torch.linspace(-2, 2, 12, dtype=torch.float64)
    denoise, traces = clusters.denoiser(path), {}
    for name in ("ddpm", "ddim"):
        settings = Settings(name, 200, limit=None)
        steps = states(denoise, start, settings, generator=torch.Generator().manual_seed(seed))
        traces[f"{name}, 200 steps"] = [State(path.T, start, None), *steps]
    return trajectory_figure(clusters, path, traces)


def _guided(denoise: Denoiser, evaluator: Evaluator, seed: int) -> tuple[list[dict[str, float]], Figure]:
    """The ten digits at each guidance scale, from one starting noise; the adherence of each row."""
    labels = torch.arange(10)
    rows, images = [], {}
    for scale in SCALES:
        x = generate(denoise, 10, labels=range(10), scale=scale, seed=seed)[-1].x
        images[f"s = {scale:g}"] = x
        predicted = evaluator.features_of(x, labels).predicted
        assert predicted is not None
        rows.append({"scale": scale, "adherence": adherence(predicted, labels)})
    return rows, image_strip(images, DIGITS, "Guidance: from no label at all to a caricature")


def _negative(denoise: Denoiser, count: int, seed: int) -> tuple[dict[str, float], Figure]:
    """8s plain, and 8s pushed away from 3: the classifier's mean probability of a 3, and of an 8, in both."""
    plain = generate(denoise, count, labels=[WANTED], seed=seed)[-1].x
    pushed = generate(denoise, count, labels=[WANTED], scale=3.0, negative=AVOIDED, seed=seed)[-1].x
    before, after = (
        features.probabilities(features.features(x.clamp(-1, 1), "digits"), "digits").mean(dim=0).tolist()
        for x in (plain, pushed)
    )
    numbers = {
        "taken for a 3 before": before[AVOIDED],
        "taken for a 3 after": after[AVOIDED],
        "taken for an 8 before": before[WANTED],
        "taken for an 8 after": after[WANTED],
    }
    rows = {f"{WANTED}, plain": plain[:10], f"{WANTED}, not {AVOIDED}": pushed[:10]}
    strip = image_strip(rows, [""] * 10, f"An {WANTED}, and an {WANTED} that is not a {AVOIDED}")
    return numbers, strip

"""Solvers: how many steps they need, where steps belong, and Runge-Kutta (C8c, C17, C31c, C41)."""

import torch
from torch import Tensor

from claims import distances
from claims.distances import COSINE
from claims.images import IMAGES, excess, floor, rows, value
from claims.numbers import Number, mean
from claims.register import Case, claim, measures, on
from claims.subjects.placed import PLACES, placed_scores, placed_times
from claims.techniques import placed_row, technique_case, technique_row
from claims.verdicts import above, all_of, below, by_case, equals
from diffusion_lessons import checkpoints, samplers
from diffusion_lessons.benchmark.plans import LIMIT
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.mixtures import GaussianMixture

SOLVER = "dpm_solver_pp_2m"

claim("C8c", "2, flow matching", "DPM-Solver needs 20 to 50 steps; elsewhere in the same text it is 10 to 20.")


@measures(
    "C8c",
    f"Steps until DPM-Solver++(2M) is within 25 % of its own asymptote ({LIMIT.steps} steps), paired. It needs 20 if "
    "5, 10 and 15 steps are not.",
    all_of(*(above(f"{steps} steps: excess over {LIMIT.steps}", 0.25) for steps in (5, 10, 15))),
    *IMAGES,
)
def solver_steps(network: str) -> list[Number]:
    """The text's other number, 10 to 20, is C8a."""
    *fewer, many = rows(network, *(Settings(SOLVER, steps) for steps in (5, 10, 15, 20)), LIMIT)
    numbers = [excess(f"{row.settings.steps} steps: excess over {LIMIT.steps}", row, many) for row in fewer]
    return [*numbers, *(value(str(row.settings), row) for row in (*fewer, many)), floor(many)]


claim("C17", "2, inference", "More of the steps belong in high-noise regions, fewer in low-noise ones.")


WHERE_STEPS_BELONG = all_of(  # "more here, fewer there" is one claim
    above("crowded at low noise: excess over even", 0.0), below("crowded at high noise: excess over even", 0.0)
)


def _placed(words: str, data: str, samples: int) -> Case:
    """A case that draws so many samples of the diffusion network of this data."""
    needs, network = [f"{data}-diffusion", f"{data}-features"], f"{data}-diffusion"
    return on(words, needs=needs, of={"samples": samples}, compared=True, network=network, samples=samples)


@measures(
    "C17",
    "Fréchet distance of ten DDIM steps at t = T (k/10)^p, paired with the even ones: p = 1/2 crowds high noise, p = "
    "2 low noise.",
    WHERE_STEPS_BELONG,
    _placed("MNIST", "mnist", 2500),
    _placed("digits", "digits", 297),
    _placed("CIFAR-10", "cifar10", 2500),
)
def where_steps_belong(network: str, samples: int) -> list[Number]:
    """The same budget at three places."""
    return placed_scores(network, samples)


@measures(
    "C17",
    "Distance to the exact end of the trajectories, 64 of them, of ten DDIM steps at the same places, as differences "
    "from the even ones.",
    WHERE_STEPS_BELONG,
    on("exact mixture", explains=True, of={"starts": 64}),
)
def where_exact_steps_belong() -> list[Number]:
    """In a toy most of the curvature is where the modes part."""
    denoise = convergence.MIXTURE.denoiser(COSINE)
    x = COSINE.prior((64, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = exact_flow(denoise, x, COSINE, (COSINE.T, 1.0))[-1].x

    def errors(p: float) -> Tensor:
        times = placed_times(COSINE.T, 10, p, 1.0)
        return (samplers.sample(samplers.ddim, denoise, x, COSINE, times) - exact).norm(dim=1)

    even = errors(1.0)
    return [
        *(mean(f"{name}: excess over even", (errors(p) - even).tolist(), "starts") for name, p in PLACES.items()),
        mean("even: error", even.tolist(), "starts"),
    ]


@measures(
    "C17",
    "Ten DDIM steps placed by dynamic programming on the local errors of a run on other noise, paired with the even "
    "ones: more belong in high noise if more than half of the inner times lie above T / 2 and they are nearer to the "
    "data. Where the times lie is that of one placement: what other noise would change about it is in no interval.",
    all_of(above("share of the placed times above T / 2", 0.5), below("placed: excess over even", 0.0)),
    technique_case("MNIST, by local errors", "mnist-small-diffusion"),
    technique_case("CIFAR-10, by local errors", "cifar10-diffusion"),
    technique_case("captions, by local errors", "captions-diffusion"),
)
def where_local_errors_place_steps(network: str) -> list[Number]:
    """The grid with the smallest sum of local errors, each in the size that it has at the end."""
    even, placed = technique_row(network, Settings("ddim", 10)), placed_row(network, "ddim", 10)
    times = placed.settings.placed or ()
    share = sum(t > times[0] / 2 for t in times[1:-1]) / (len(times) - 2)
    return [
        Number("share of the placed times above T / 2", share),
        excess("placed: excess over even", placed, even),
        value("placed", placed),
        value("even", even),
        *(Number(f"time {k}", t) for k, t in enumerate(times)),
    ]


claim("C41", "2, inference", "Not all steps are equally important.")


@measures(
    "C41",
    "Ten DDIM steps with one time left out, for each of the nine inner times: the change of the result. Unequal if "
    "leaving out the most important changes it at least twice as much as leaving out the least important, with 95 % "
    "certainty.",
    above("most over least important step", 2.0),
    on("MNIST", needs=["mnist-diffusion"], of={"images": 16}, network="mnist-diffusion"),
    on("digits", needs=["digits-diffusion"], of={"images": 16}, network="digits-diffusion"),
    on("CIFAR-10", needs=["cifar10-diffusion"], of={"images": 16}, network="cifar10-diffusion"),
    on("exact mixture", explains=True, of={"starts": 32}, network=""),
)
def one_step_left_out(network: str) -> list[Number]:
    """Root mean square change of each sample, largest over smallest; the pair of times is chosen on other samples."""
    if network:
        loaded = checkpoints.load(network)
        x = loaded.path.prior((32, *(loaded.shape or ())), torch.Generator().manual_seed(0))
        path = loaded.path
        denoise: DenoiserLike = condition_on(loaded, torch.arange(32) % (loaded.classes or 1))
    else:
        denoise, path = convergence.MIXTURE.denoiser(COSINE), COSINE
        x = path.prior((64, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    times = path.grid(10)
    whole = samplers.sample(samplers.ddim, denoise, x, path, times)

    def change(left_out: int) -> Tensor:
        fewer = [t for k, t in enumerate(times) if k != left_out]
        moved = samplers.sample(samplers.ddim, denoise, x, path, fewer) - whole
        return moved.double().flatten(1).square().mean(1).sqrt()

    changes = torch.stack([change(k) for k in range(1, 10)])  # [9, n]
    half = changes.shape[1] // 2
    first, last = (int(choose(changes[:, :half].mean(1))) for choose in (torch.argmax, torch.argmin))
    unit = "images" if network else "starts"
    ratios = changes[first, half:] / changes[last, half:]
    return [
        mean("most over least important step", ratios.tolist(), unit),
        *(mean(f"without t = {times[k]:g}: change", changes[k - 1, half:].tolist(), unit) for k in range(1, 10)),
    ]


claim("C31c", "2, DPM-Solver", "DPM-Solver uses Runge-Kutta.")
POINT = GaussianMixture([[0.7]], stds=0.0)


@measures(
    "C31c",
    "Inner stages: DPM-Solver-2 makes the two evaluations a step that the midpoint method makes. The whole equation: "
    "on data that are one point, where the noise never changes along a trajectory, a Runge-Kutta method has an error "
    "after one step; one that solves the linear part exactly has none (below 1e-6).",
    by_case(
        {
            "its inner stages": equals("evaluations a step, over midpoint's", 1),
            "the linear part": above("one step of DPM-Solver-2: error", 1e-6),
        }
    ),
    on("one point of data"),
)
def runge_kutta() -> list[Number]:
    """It borrows the stages, and puts them into an exponential integrator."""
    path, numbers, counts = COSINE, [], {}
    times = (900.0, 300.0)
    x = distances.noised(POINT, path, times[0], torch.Generator().manual_seed(0), 16)
    exact = exact_flow(POINT.denoiser(path), x, path, times)[-1].x
    for name, words in (("dpm_solver_2", "DPM-Solver-2"), ("midpoint", "midpoint"), ("rk4", "RK4")):
        counted = count_calls(POINT.denoiser(path))
        error = (samplers.sample(samplers.get(name), counted, x, path, times) - exact).square().mean().sqrt()
        counts[name] = counted.nfe
        numbers.append(Number(f"one step of {words}: error", float(error)))
    return [Number("evaluations a step, over midpoint's", counts["dpm_solver_2"] / counts["midpoint"]), *numbers]

"""Flow matching: how few steps, how good, how straight, and without a schedule (C10, C30)."""

from dataclasses import replace
from functools import cache

import torch
from scipy.optimize import linear_sum_assignment

from claims import distances
from claims.distances import FLOW, SAMPLES, SEEDS, Run
from claims.images import FREEDOM, difference, evaluator, excess, floor, rows, tables, together, value
from claims.numbers import Number, apart, mean, mean_within, over_seeds
from claims.register import claim, measures, on
from claims.trainings import trainings
from claims.verdicts import Rule, above, all_of, any_of, below, by_case
from diffusion_lessons import checkpoints, samplers
from diffusion_lessons.benchmark.plans import LIMIT
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.metrics.samples import Features
from diffusion_lessons.metrics.scores import METRICS, score_of
from diffusion_lessons.samplers.base import State
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.straightness import straightness

POINTS = 200
PAIRS = {  # a flow network, and the diffusion network of one size, data and budget
    "MNIST": ("mnist-flow", "mnist-diffusion"),
    "digits": ("digits-flow", "digits-diffusion"),
    "CIFAR-10": ("cifar10-flow", "cifar10-diffusion"),
}

claim("C10a", "2, flow matching", "Flow matching needs 4 to 10 steps.")
FEW = (1, 2, 4, 8)


def in_steps(count: int) -> str:
    """ "1 step", "2 steps"."""
    return f"{count} step{'s' * (count != 1)}"


def needs(fewer: tuple[str, ...], enough: tuple[str, ...], margin: float, words: str) -> Rule:
    """The claim holds if none of the fewer and one of the enough is below the margin."""
    rules = [above(name, margin) for name in fewer]
    return replace(all_of(*rules, any_of(*(below(name, margin) for name in enough))), words=words)


@measures(
    "C10a",
    "Fréchet distance of Euler's method in 1, 2, 4 and 8 steps against the network's own asymptote "
    f"({LIMIT.steps} steps of DPM-Solver++), paired; margin 25 %.",
    needs(
        ("1 step: excess", "2 steps: excess"),
        ("4 steps: excess", "8 steps: excess"),
        0.25,
        "holds if 4 or 8 steps have an excess below 0.25 and 1 and 2 have not; not if fewer are enough or 8 are not",
    ),
    *(tables(words, flow) for words, (flow, _) in PAIRS.items()),
)
def flow_steps(network: str) -> list[Number]:
    """Steps to within 25 % of the asymptote."""
    *few, many = rows(network, *(Settings("ddim", steps) for steps in FEW), LIMIT)
    numbers = [excess(f"{in_steps(row.settings.steps)}: excess", row, many) for row in few]
    return [*numbers, *(value(str(row.settings), row) for row in (*few, many)), floor(many)]


claim("C10b", "2, flow matching", "Flow matching has better quality and fewer artefacts than diffusion.")
BUDGETS = {
    "4 evaluations": Settings("ddim", 4),
    "8 evaluations": Settings("ddim", 8),
    "20 of DPM-Solver++": Settings("dpm_solver_pp_2m", 20),
}


@measures(
    "C10b",
    "Two networks of one size, with the same data and training budget, and the same noise and labels: Fréchet "
    "distance of flow minus diffusion at equal evaluations, and the share recognised beside it. Artefacts are not "
    "counted: the distance stands for both halves of the sentence. The networks differ in path, prediction and the "
    "times that training favours.",
    by_case({name: below(f"{name}: flow - diffusion", 0.0) for name in BUDGETS}),
    *(tables(words, *pair, flow=pair[0], diffusion=pair[1]) for words, pair in PAIRS.items()),
)
def flow_against_diffusion(flow: str, diffusion: str) -> list[Number]:
    """One training of each."""
    numbers = []
    for name, settings in BUDGETS.items():
        one, other = together((flow, settings), (diffusion, settings))
        numbers.append(difference(f"{name}: flow - diffusion", one, other))
        numbers += [value(f"{name}: flow", one), value(f"{name}: diffusion", other)]
        numbers += [difference(f"{name}: recognised, flow - diffusion", one, other, "adherence")]
    return numbers


claim("C10c", "2, flow matching", "Flow matching moves along a straight path, the shortest one.")
BEYOND = "squared length beyond optimal transport's, over that of independent noise"
STRAIGHT = all_of(below("one Euler step misses the end of the path by", 0.1), below(BEYOND, 0.25))


@measures(
    "C10c",
    "Straight: one Euler step from the noise ends within 0.1 standard deviations (root mean square) of the end of the"
    " exact trajectory. Shortest: the mean squared length exceeds that of optimal transport between the same noise "
    "and data by at most a quarter of what it would with noise independent of the data, which stands beside it."
    f" {POINTS} trajectories; exact to 1e-8.",
    STRAIGHT,
    on("exact mixture in 2-D", explains=True, of={"groups of starts": 10}),
)
def straight_and_shortest() -> list[Number]:
    """The lines between the pairs of training are straight; the flow is their average."""
    start, end = (state.x for state in exact_trajectories()[:: len(exact_trajectories()) - 1])
    denoise = convergence.MIXTURE.denoiser(FLOW)
    step = samplers.sample(samplers.euler, denoise, start, FLOW, FLOW.grid(1))
    spread = float(convergence.MIXTURE.sample(4000, torch.Generator().manual_seed(2)).std())
    own, independent = lengths(start, end)
    return [
        mean("one Euler step misses the end of the path by", _by_group(step, end, spread), "groups of starts"),
        Number(BEYOND, (own - 1) / (independent - 1)),
        Number("squared length over optimal transport's", own),
        Number("squared length with independent noise over optimal transport's", independent),
        Number("straightness S (0 is straight)", straightness(exact_trajectories())),
    ]


def lengths(start: torch.Tensor, end: torch.Tensor) -> tuple[float, float]:
    """Mean squared lengths over that of optimal transport: of the pairs as they are, and of all other pairs."""
    costs = torch.cdist(start.flatten(1).double(), end.flatten(1).double()).square()
    shortest = float(costs[linear_sum_assignment(costs.numpy())].mean())
    own, n = float(costs.diagonal().mean()), len(costs)
    independent = (float(costs.sum()) - n * own) / (n * (n - 1))
    return own / shortest, independent / shortest


@cache
def exact_trajectories(points: int = POINTS, times: int = 21) -> list[State]:
    """The exact flow of the mixture from noise to data, as States."""
    x = FLOW.prior((points, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    grid = torch.linspace(1, 0, times, dtype=torch.float64).tolist()
    return exact_flow(convergence.MIXTURE.denoiser(FLOW), x, FLOW, grid, tolerance=1e-8)


def _by_group(x: torch.Tensor, other: torch.Tensor, spread: float, groups: int = 10) -> list[float]:
    """Root mean square difference of each group of rows, over the standard deviation of the data."""
    squares = (x - other).double().flatten(1).square().mean(1)
    return [float(part.mean().sqrt()) / spread for part in squares.chunk(groups)]


IMAGES_IN_A_BATCH, EULER_STEPS, BATCHES = 16, 16, 4


@cache
def trajectory(name: str) -> dict[str, Number]:
    """Trajectories of a flow network, labels in turn: how bent they are, and where one Euler step ends."""
    denoise = checkpoints.load(name)
    labels = torch.arange(IMAGES_IN_A_BATCH) % (denoise.classes or 1)
    path, conditioned = denoise.path, condition_on(denoise, labels)

    @cache
    def states(seed: int) -> list[State]:
        x = path.prior((IMAGES_IN_A_BATCH, *(denoise.shape or ())), torch.Generator().manual_seed(seed))
        return samplers.trace(samplers.euler, conditioned, x, path, path.grid(EULER_STEPS))

    def miss(seed: int) -> float:
        start, end = states(seed)[0].x, states(seed)[-1].x
        step = samplers.sample(samplers.euler, conditioned, start, path, path.grid(1))
        return _by_group(step, end, float(end.std()), 1)[0]

    def length(seed: int) -> tuple[float, float]:
        return lengths(states(seed)[0].x, states(seed)[-1].x)

    def beyond(seed: int) -> float:
        own, independent = length(seed)
        return (own - 1) / (independent - 1)

    return {
        "bend": over_seeds(f"{name}: straightness S (0 is straight)", lambda s: straightness(states(s)), BATCHES),
        "miss": over_seeds("one Euler step misses the end of the path by", miss, BATCHES),
        "beyond": mean_within(BEYOND, [beyond(seed) for seed in range(BATCHES)], (0.0, 1.0)),
        "length": over_seeds("squared length over optimal transport's", lambda s: length(s)[0], BATCHES),
        "independent": over_seeds(
            "squared length with independent noise over optimal transport's", lambda s: length(s)[1], BATCHES
        ),
    }


@measures(
    "C10c",
    f"The same for trajectories of a network, in units of the images' standard deviation: {BATCHES} batches of "
    f"{IMAGES_IN_A_BATCH} images, {EULER_STEPS} Euler steps for the exact trajectory.",
    STRAIGHT,
    on("MNIST", needs=["mnist-flow"], network="mnist-flow"),
    on("digits", needs=["digits-flow"], network="digits-flow"),
    on("CIFAR-10", needs=["cifar10-flow"], network="cifar10-flow"),
    of={"seeds": BATCHES},
)
def straight_on_images(network: str) -> list[Number]:
    """Before any reflow."""
    found = trajectory(network)
    return [found[name] for name in ("miss", "beyond", "length", "independent", "bend")]


claim("C10d", "2, flow matching", "Flow matching needs no noise schedule to be designed.")


@measures(
    "C10d",
    "Two distributions of training times that somebody has to choose between, uniform and logit-normal, three "
    "trainings of each: the Fréchet distance of uniform over logit-normal, less 1. No design is needed if the choice "
    "changes it by at most 25 %. Labels were drawn at random, which adds to these distances, and to that of all "
    "held-out images, whatever their labels; its error is in the differences from it.",
    all_of(below("uniform: excess over logit-normal", 0.25), above("uniform: excess over logit-normal", -0.25)),
    on("digits", needs=["digits-features"], of={"trainings": 3}),
)
def training_times() -> list[Number]:
    """The recipes of the course, as `python -m benchmarks.choices` compared them."""
    choices, real = trainings(), held_out_digits()
    kinds = {
        kind: [one["frechet at 1"] for one in choices if one["choice"] == f"velocity/flow, {kind}"]
        for kind in ("uniform", "logit-normal")
    }
    pairs = zip(*kinds.values(), strict=True)
    return [
        mean("uniform: excess over logit-normal", [one / other - 1 for one, other in pairs], "trainings"),
        *(mean(f"{kind}: frechet", values, "trainings") for kind, values in kinds.items()),
        real,
        *(apart(f"{kind}: minus real images", mean(kind, values, "trainings"), real) for kind, values in kinds.items()),
    ]


def held_out_digits() -> Number:
    """The distance of all held-out digits from the training images, with its error: a plain jackknife, any labels."""
    judge = evaluator("digits-diffusion")
    figures = METRICS["frechet"].figures(judge.train, Features(judge.held_out.features))
    found = score_of(figures, (0.0, 0.0), len(judge.held_out.features))
    return Number("real images: frechet", found.value, found.spread, FREEDOM)


claim("C30", "2, flow matching", "Few-step production models need only 4 to 8 steps because their paths are straight.")


@measures(
    "C30",
    "What products need is a fact about products. The *because*: a straighter flow must need fewer steps. Reflow "
    "makes paths straighter; Euler in 1, 2, 4 and 8 steps, on the first flow and after reflow, against the first "
    "flow's asymptote, margin 25 %. It holds if after reflow 2 steps are enough. Reflow is another training, which may "
    "lose quality by itself, and that is not taken apart here: beside it stand fewer steps against 8 of the same "
    "network, before and after.",
    needs((), ("after reflow, 1 step: excess", "after reflow, 2 steps: excess"), 0.25, "holds if one of the two is"),
    tables("MNIST", "mnist-flow", "mnist-reflow", first="mnist-flow", second="mnist-reflow"),
)
def fewer_because_straighter(first: str, second: str) -> list[Number]:
    """A straighter flow and the steps that it needs."""
    networks = {"before": first, "after reflow": second}
    wanted = {(words, steps): (networks[words], Settings("ddim", steps)) for words in networks for steps in FEW}
    many, *few = together((first, LIMIT), *wanted.values())
    found, most = dict(zip(wanted, few, strict=True)), FEW[-1]
    numbers = [excess(f"{words}, {in_steps(steps)}: excess", row, many) for (words, steps), row in found.items()]
    own = [
        excess(f"{words}, {in_steps(steps)}: excess over its own {in_steps(most)}", row, found[words, most])
        for (words, steps), row in found.items()
        if steps != most
    ]
    return [*numbers, *own, trajectory(first)["bend"], trajectory(second)["bend"]]


@measures(
    "C30",
    f"An exact second flow, whose paths are straight lines, in one Euler step against the first flow in 50. {SEEDS} "
    f"seeds of {SAMPLES:,} numbers, in standard deviations of the data.",
    below("one step after reflow: excess over 50 before", distances.CLOSE),
    on("exact mixture", explains=True),
    of={"seeds": SEEDS},
)
def one_step_after_an_exact_reflow() -> list[Number]:
    """A perfect reflow would do it."""
    straight, many = Run("euler", 1, path=FLOW, exact="second flow"), Run("euler", 50, path=FLOW)
    runs = [straight, many, *(Run("euler", steps, path=FLOW) for steps in FEW)]
    number = distances.excess("one step after reflow: excess over 50 before", straight, many)
    return [number, *map(distances.distance, runs), distances.floor()]

"""Ten evaluations and fewer: usable, one shot, and the few-step samplers (C2, C3, C32, C38)."""

from claims import distances
from claims.distances import CLOSE, FLOW, SAMPLES, SEEDS, Run
from claims.images import IMAGES, difference, excess, floor, limit, missed, rows, tables, together, value
from claims.numbers import Number
from claims.register import claim, measures, on
from claims.verdicts import Rule, above, all_of, below, by_case
from diffusion_lessons.benchmark.plans import LIMIT
from diffusion_lessons.sampling import Settings

TEN, FIFTY = Settings("ddim", 10), Settings("ddim", 50)
TOYS = tuple(on(f"exact {name} mixture", explains=True, mixture=name) for name in distances.MIXTURES)
NUMBERS = f"With the exact denoiser, {SEEDS} seeds of {SAMPLES:,} numbers, in standard deviations of the data"

claim("C2a", "1, frontier", "At ten steps quality starts to degrade visibly.")


@measures(
    "C2a",
    "Fréchet distance of DDIM in 10 steps minus that in 50, paired, as a share of the latter. Pictures of"
    " `mnist-small-diffusion` stand side by side in lesson 10.",
    above("10 steps: excess over 50", 0.0),
    *IMAGES,
)
def ten_steps(network: str) -> list[Number]:
    """Which of the two is nearer to the data."""
    ten, fifty = rows(network, TEN, FIFTY)
    return [
        excess("10 steps: excess over 50", ten, fifty),
        *(
            value(name, row, metric)
            for metric in ("frechet", "adherence", "diversity")
            for name, row in (("10 steps", ten), ("50 steps", fifty))
        ),
        floor(ten),
        *limit(ten),
    ]


@measures(
    "C2a", f"The same with numbers. {NUMBERS}.", above("10 steps: excess over 50", 0.0), *TOYS, of={"seeds": SEEDS}
)
def ten_exact_steps(mixture: str) -> list[Number]:
    """The error of DDIM itself grows as 1 / steps."""
    ten, fifty = Run("ddim", 10, mixture), Run("ddim", 50, mixture)
    number = distances.excess("10 steps: excess over 50", ten, fifty)
    return [number, *map(distances.distance, (ten, fifty)), distances.floor(mixture)]


claim("C2b", "1, frontier", "At ten steps quality is still usable for many applications.")
USES = {
    "recognition": below("recognised less often than real images, by", 0.05),
    "live preview": below("10 steps: excess over 50", 1.0),
}


@measures(
    "C2b",
    "Two applications, named beforehand. Recognition: a classifier recognises at most 5 in 100 samples less often "
    "than real images. Live preview: the distance is at most twice that of 50 steps.",
    by_case(USES),
    *IMAGES,
)
def ten_usable_steps(network: str) -> list[Number]:
    """Adherence beside that of real images, and the distance beside that of 50 steps."""
    ten, fifty = rows(network, TEN, FIFTY)
    return [
        missed("recognised less often than real images, by", ten),
        excess("10 steps: excess over 50", ten, fifty),
        value("10 steps", ten, "adherence"),
        floor(ten, "adherence"),
    ]


claim("C38", "1, pitfalls", "Ten steps or fewer require distilled models or special samplers.")


@measures(
    "C38",
    "The text against itself, since it calls ten steps usable (C2b): required if plain DDIM in 10 steps is usable for "
    "neither of the two applications of C2b. That ten are usable for one refutes it, whatever fewer are.",
    all_of(
        above("recognised less often than real images, by", 0.05),
        above("10 steps: excess over 50", 1.0),
    ),
    *IMAGES,
)
def ten_steps_require_more(network: str) -> list[Number]:
    """The rows of C2b, read the other way round."""
    return ten_usable_steps(network)


claim(
    "C3",
    "1, frontier",
    "Below ten steps dedicated few-step samplers (DPM-Solver, consistency models, distillation) take over from DDIM.",
)
FEW = (1, 2, 4, 8)
HALVED = (1, 2, 4)  # steps for which photographs have students
SECOND_ORDER = (4, 8)  # evaluations in which DPM-Solver++(2M) differs from DDIM


def _taking_over(*counts: int) -> Rule:
    return by_case({_at(count): below(f"{_at(count)}: minus DDIM", 0.0) for count in counts})


def _at(count: int) -> str:
    return f"{count} evaluation{'s' if count > 1 else ''}"


LEAD = "Fréchet distance minus that of the teacher's DDIM in as many evaluations, paired:"


@measures(
    "C3",
    f"{LEAD} DPM-Solver++(2M). In one evaluation and in two it is DDIM: its first step has no step before it, and its "
    "last ends at the data, where it takes DDIM's.",
    _taking_over(*SECOND_ORDER),
    *IMAGES,
)
def solver_takes_over(network: str) -> list[Number]:
    """A solver needs no training."""
    numbers = []
    for count in SECOND_ORDER:
        solver, ode = rows(network, Settings("dpm_solver_pp_2m", count), Settings("ddim", count))
        numbers += [difference(f"{_at(count)}: minus DDIM", solver, ode), value(f"DPM-Solver++ in {count}", solver)]
    return numbers


@measures(
    "C3",
    f"{LEAD} consistency distillation.",
    _taking_over(1, 2, 4),
    tables("MNIST, consistency", "mnist-diffusion", "mnist-consistency", sampler="consistency", counts=(1, 2, 4)),
)
@measures(
    "C3",
    f"{LEAD} progressive distillation, a student for each count.",
    _taking_over(*FEW),
    tables(
        "MNIST, progressive distillation",
        "mnist-diffusion",
        *(f"mnist-progressive-{count}" for count in FEW),
        student="mnist-progressive-{}",
    ),
)
@measures(
    "C3",
    f"{LEAD} progressive distillation of 8 steps, for which there is no student, into 4, 2 and 1.",
    _taking_over(*HALVED),
    tables(
        "CIFAR-10, progressive distillation",
        "cifar10-diffusion",
        *(f"cifar10-progressive-{count}" for count in HALVED),
        teacher="cifar10-diffusion",
        student="cifar10-progressive-{}",
        counts=HALVED,
    ),
)
@measures(
    "C3",
    f"{LEAD} reflow, whose teacher is the flow network.",
    _taking_over(*FEW),
    tables("MNIST, reflow", "mnist-flow", "mnist-reflow", teacher="mnist-flow", student="mnist-reflow"),
)
def student_takes_over(
    teacher: str = "mnist-diffusion",
    student: str = "mnist-consistency",
    sampler: str = "ddim",
    counts: tuple[int, ...] = FEW,
) -> list[Number]:
    """Students and teacher share noise and labels, and are compared in pairs."""
    numbers = []
    for count in counts:
        own, taught = together((teacher, Settings("ddim", count)), (student.format(count), Settings(sampler, count)))
        numbers += [difference(f"{_at(count)}: minus DDIM", taught, own), value(f"student in {count}", taught)]
    return numbers


@measures(
    "C3",
    f"A perfect student in one step against the exact denoiser's DDIM in 1 to 8. {NUMBERS}.",
    by_case({_at(count): below(f"{_at(count)}: consistency function minus DDIM", 0.0) for count in FEW}),
    *TOYS,
    of={"seeds": SEEDS},
)
def exact_student_takes_over(mixture: str) -> list[Number]:
    """What keeps real students from this is what they learn."""
    jump = Run("consistency", 1, mixture, FLOW, exact="consistency function")
    own = {count: Run("ddim", count, mixture, FLOW) for count in FEW}
    return [
        *(distances.excess(f"{_at(count)}: consistency function minus DDIM", jump, run) for count, run in own.items()),
        *map(distances.distance, (jump, *own.values())),
        distances.distance(Run("euler", 1, mixture, FLOW, exact="second flow")),
        distances.floor(mixture),
    ]


claim("C32", "1, why slow", "The network can denoise from any noise level to any cleaner one in one shot.")


@measures(
    "C32",
    f"One DDIM step from pure noise to the data against {LIMIT.steps} steps of DPM-Solver++: in one shot if "
    "equivalent, an excess below 25 %.",
    below(f"one step: excess over {LIMIT.steps}", 0.25),
    *IMAGES,
)
def in_one_shot(network: str) -> list[Number]:
    """One step returns about the mean of what the noise could have been."""
    one, many = rows(network, Settings("ddim", 1), LIMIT)
    number = excess(f"one step: excess over {LIMIT.steps}", one, many)
    return [number, value("one step", one), value(f"{LIMIT.steps} steps", many), floor(many)]


@measures(
    "C32",
    f"One step of the exact denoiser against 50. {NUMBERS}; the margin is {CLOSE}.",
    below("one step: excess over 50", CLOSE),
    *TOYS,
    of={"seeds": SEEDS},
)
def in_one_exact_shot(mixture: str) -> list[Number]:
    """The best possible denoiser sees the mean, not a sample."""
    one, many = Run("ddim", 1, mixture), Run("ddim", 50, mixture)
    return [distances.excess("one step: excess over 50", one, many), *map(distances.distance, (one, many))]

"""Claims about one to eight evaluations: C3, C10 and C30 on students, and on what they would be if they were exact."""

from functools import cache

import torch

from claims.distances import BROAD, EXACT, distance, floor, over_seeds
from claims.ledger import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE, Evidence, Number, measures
from diffusion_lessons import checkpoints, samplers, schedules
from diffusion_lessons.benchmark.plans import FEW
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.students import NEAR, Family, above_floor, difference, family, ratio, students_of
from diffusion_lessons.denoisers import condition_on
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.straightness import straightness

FLOW = schedules.flow()
IMAGES, STEPS, SEEDS = 16, 16, 4  # walked together, Euler steps, batches
STRAIGHT = 0.01  # share of the way that a flow may spend on its bends and still be called straight
BOTH = ("mnist-flow", "mnist-reflow")


@measures("C3", on="mnist-flow and its reflow students", needs=("mnist-flow.csv", "mnist-reflow.csv"))
def reflow_takes_over() -> Evidence:
    return taking_over(_students("mnist-flow", "reflow"))


@measures(
    "C3",
    on="mnist-diffusion and its progressive students",
    needs=("mnist-diffusion.csv", *(f"mnist-progressive-{steps}.csv" for steps in reversed(FEW))),
)
def progressive_takes_over() -> Evidence:
    return taking_over(_students("mnist-diffusion", "progressive"))


@measures(
    "C3", on="mnist-diffusion and its consistency students", needs=("mnist-diffusion.csv", "mnist-consistency.csv")
)
def consistency_takes_over() -> Evidence:
    return taking_over(_students("mnist-diffusion", "consistency"))


def _students(teacher: str, method: str) -> Family:
    """A teacher and its measured students of one method, `reflow` and `reflow-2` and so on."""
    return family(teacher, *(name for name in students_of(teacher) if name.startswith(f"mnist-{method}")))


def taking_over(found: Family) -> Evidence:
    """The best student against the best that its teacher can do with as many evaluations: 1, 2, 4 and 8."""
    numbers, won, lost = [], 0, 0
    for evaluations in FEW:
        student, own = found.best(evaluations), found.best(evaluations, taught=False)
        lead = difference(student, own)
        won, lost = won + (lead.resolved and lead.value < 0), lost + (lead.resolved and lead.value > 0)
        numbers += [_beyond(student, evaluations), _beyond(own, evaluations)]
    one, four = found.best(1), found.best(4)
    closer, near = ratio(found.first, one), ratio(four, found.asymptote)
    numbers += [
        _beyond(found.asymptote, round(found.asymptote.nfe)),
        Number("one evaluation: times nearer to the floor than one step of the teacher's DDIM", *closer),
        Number("four evaluations: times as far from it as the teacher's asymptote", *near),
    ]
    return Evidence(
        HOLDS if won == len(FEW) else CONDITION if won else FAILS if lost else NOT_RESOLVABLE,
        f"With at most 1, 2, 4 and 8 evaluations a student is nearer to the data than anything that its teacher was "
        f"measured to do in {won} of {len(FEW)} cases, and farther in {lost}, beyond two standard errors. In one "
        f"evaluation it is {closer.value:.3g} times nearer to the floor than one step of the teacher's DDIM; in four "
        f"its distance is {near.value:.3g} times that of the teacher in {found.asymptote.configuration.steps} steps.",
        numbers,
        checkpoints={row.checkpoint: row.checkpoint_sha256 for row in found.rows},
    )


def _beyond(of: Measurement, evaluations: int) -> Number:
    chosen = of.configuration
    name = f"at most {evaluations} evaluations: {of.checkpoint}, {chosen.sampler} in {chosen.steps}"
    return Number(f"{name}: distance beyond the floor (n = {of.samples})", *above_floor(of))


@measures("C3", on="exact mixtures, flow path")
def what_a_perfect_student_would_do() -> Evidence:
    """The exact consistency function and the exact second flow in one step against the exact denoiser in 1 to 8."""
    numbers, won = [], []
    for mixture in ("broad", "narrow"):
        own = {k: [distance(name, k, mixture, FLOW) for name in ("ddim", "dpm_solver_pp_2m")] for k in FEW}
        jump = distance("consistency", 1, mixture, FLOW, exact="consistency function")
        straight = distance("euler", 1, mixture, FLOW, exact="second flow")
        again = distance("consistency", 4, mixture, FLOW, exact="consistency function")
        for rivals in own.values():
            best = min(rivals, key=lambda number: number.value)
            won += [(one - best).resolved and one.value < best.value for one in (jump, straight)]
        numbers += [*(number for rivals in own.values() for number in rivals), jump, straight, again, floor(mixture)]
    return Evidence(
        CONDITION if any(won) else FAILS,  # the condition: that a student is perfect, which none that is trained is
        f"A perfect student is as near to the law in one step as exact samples are, nearer than the exact denoiser in "
        f"1 to 8 steps in {sum(won)} of {len(won)} comparisons. What keeps real students from it is what they learn, "
        "not how they are asked.",
        numbers,
    )


@cache
def walk(name: str) -> dict[str, Number]:
    """How a flow network walks from noise to images, labels in turn: its bend, and how far apart its ends are."""
    denoise = checkpoints.load(name)
    path, asked = denoise.path, condition_on(denoise, torch.arange(IMAGES) % (denoise.classes or 1))

    @cache
    def ways(seed: int) -> list[samplers.State]:
        x = path.prior((IMAGES, *(denoise.shape or ())), torch.Generator().manual_seed(seed))
        return samplers.trace(samplers.euler, asked, x, path, path.grid(STEPS))

    def length(seed: int, shift: int) -> float:
        start, end = ways(seed)[0].x, ways(seed)[-1].x
        return float((start - end.roll(shift, 0)).square().sum((1, 2, 3)).mean())

    return {
        "bend": over_seeds(f"{name}: straightness S (0 is straight)", lambda seed: straightness(ways(seed)), SEEDS),
        "own": over_seeds(f"{name}: mean squared length of its ways", lambda seed: length(seed, 0), SEEDS),
        "other": over_seeds(f"{name}: the same from noise to another's image", lambda seed: length(seed, 1), SEEDS),
    }


@measures("C10", on="the ways of mnist-flow and mnist-reflow", needs=BOTH)
def straight_on_images() -> Evidence:
    """Straightness of a flow network's ways from noise to images, and what a second training on them makes of it."""
    first, second = (walk(name) for name in BOTH)
    return straight_before(first, second)


def straight_before(first: dict[str, Number], second: dict[str, Number]) -> Evidence:
    straighter = (first["bend"] - second["bend"]).resolved and second["bend"].value < first["bend"].value
    bent = first["bend"].value > STRAIGHT
    return Evidence(
        FAILS if bent and straighter else CONDITION if bent or straighter else HOLDS,
        f"A flow trained on noise and images drawn apart spends {first['bend'].value:.2%} of its way on bends"
        + (
            f", and {second['bend'].value:.2%} after it was trained again on its own pairs: straightness is made by "
            "reflow. It does not come with flow matching."
            if straighter
            else f"; after reflow it is {second['bend'].value:.2%}, no less beyond two standard errors."
        ),
        [first["bend"], second["bend"]],
    )


@measures("C30", on="mnist-flow and mnist-reflow", needs=(*BOTH, *(f"{name}.csv" for name in BOTH)))
def few_steps_because_straight() -> Evidence:
    """Straightness and lengths before and after reflow, and how many Euler steps each flow needs."""
    first, second = (walk(name) for name in BOTH)
    return because_straight(first, second, family(*BOTH))


def because_straight(first: dict[str, Number], second: dict[str, Number], found: Family) -> Evidence:
    """Do straighter ways need fewer steps? `found` is the family of both flows."""
    straighter = (first["bend"] - second["bend"]).resolved and second["bend"].value < first["bend"].value
    before, after = (_needed(found, name) for name in (found.teacher, *found.students))
    fewer = after is not None and (before is None or after < before)
    told = [f"{steps:g}" if steps is not None else f"more than {FEW[-1]}" for steps in (before, after)]
    shorter = (first["other"] - first["own"]).resolved and first["own"].value < first["other"].value
    return Evidence(
        HOLDS if straighter and fewer else CONDITION if straighter or fewer else FAILS,
        f"To come within {NEAR:g} times the asymptote of {found.teacher}, Euler needs {told[0]} steps on the first "
        f"flow and {told[1]} on the second, whose ways are {'' if straighter else 'not '}straighter beyond two "
        f"standard errors. The pairs that a flow makes are {'' if shorter else 'not '}nearer to one another than noise "
        "and the image of other noise.",
        [*first.values(), *second.values()]
        + [Number(f"{name}: steps needed", n) for name, n in zip(BOTH, (before, after), strict=True) if n is not None],
    )


def _needed(found: Family, name: str) -> float | None:
    """The fewest evaluations with which DDIM, Euler on a flow, is not beyond `NEAR` times the teacher's asymptote."""
    rows = [row for row in found.rows if row.checkpoint == name and row.configuration.sampler == "ddim"]
    gaps = {row.nfe: difference(row, found.asymptote, NEAR) for row in rows}
    return min((nfe for nfe, each in gaps.items() if each.value <= 0 or not each.resolved), default=None)


@measures("C30", on="the exact second flow of a mixture of numbers")
def one_step_after_an_exact_reflow() -> Evidence:
    """Straightness of the first and of the second flow, and how near to the law Euler comes on each in 1 to 8 steps."""
    x = FLOW.prior((200, 1), torch.Generator().manual_seed(0), dtype=torch.float64)
    times = torch.linspace(1, 0, 21, dtype=torch.float64).tolist()
    first = straightness(exact_flow(BROAD.denoiser(FLOW), x, FLOW, times, tolerance=1e-8))
    second = straightness(samplers.trace(samplers.euler, EXACT["second flow"](BROAD, FLOW), x, FLOW, times))
    before = [distance("euler", steps, "broad", FLOW) for steps in FEW]
    after, exact = distance("euler", 1, "broad", FLOW, exact="second flow"), floor("broad")
    arrived = not (after - exact).resolved or after.value < 1.5 * exact.value
    return Evidence(
        HOLDS if second < 1e-6 < first and arrived else FAILS,
        "After one exact reflow the ways are straight lines, in one dimension also the shortest ones, and one Euler "
        "step is as near to the law as exact samples are. The first flow's are neither.",
        [
            Number("first flow: straightness S (0 is straight)", first),
            Number("second flow: straightness S", second),
            *before,
            after,
            exact,
        ],
    )

"""One to eight evaluations: distilled students against their teacher's samplers (C3)."""

from uncertainties import UFloat

from claims.distances import distance, floor
from claims.evidence import CONDITION, FAILS, Evidence, by_cases, named, smaller
from claims.ledger import measures, on
from claims.tables import on_tables
from diffusion_lessons import schedules
from diffusion_lessons.benchmark.plans import FEW
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.students import Family, above_floor, difference, family, ratio, students_of
from diffusion_lessons.metrics.errors import resolved

FLOW = schedules.flow()
STUDENTS = {  # by method: their teacher, and the tables that are needed
    "reflow": ("mnist-flow", ["mnist-reflow"]),
    "progressive": ("mnist-diffusion", [f"mnist-progressive-{steps}" for steps in reversed(FEW)]),
    "consistency": ("mnist-diffusion", ["mnist-consistency"]),
}


@measures(
    "C3",
    *(
        on_tables(f"{teacher} and its {method} students", teacher, *students, teacher=teacher, method=method)
        for method, (teacher, students) in STUDENTS.items()
    ),
)
def students_take_over(teacher: str, method: str) -> Evidence:
    """A teacher and all its measured students of one method: `reflow`, `reflow-2` and so on."""
    return taking_over(family(teacher, *(name for name in students_of(teacher) if name.startswith(f"mnist-{method}"))))


def taking_over(measured: Family) -> Evidence:
    """The best student against the best that its teacher can do with as many evaluations: 1, 2, 4 and 8."""
    numbers, wins, losses = [], [], []
    for evaluations in FEW:
        student, own = measured.best(evaluations), measured.best(evaluations, taught=False)
        lead = difference(student, own)
        wins.append(resolved(lead) and lead.n < 0)
        losses.append(resolved(lead) and lead.n > 0)
        numbers += [_above_floor(student, evaluations), _above_floor(own, evaluations)]
    asymptote = measured.asymptote
    closer, near = ratio(measured.first, measured.best(1)), ratio(measured.best(4), asymptote)
    numbers += [
        _above_floor(asymptote, round(asymptote.nfe)),
        named("one evaluation: times nearer to the floor than one step of the teacher's DDIM", closer.n, closer.s),
        named("four evaluations: times as far from it as the teacher's asymptote", near.n, near.s),
    ]
    return Evidence(
        by_cases(wins, losses),
        f"With at most 1, 2, 4 and 8 evaluations a student is nearer to the data than anything that its teacher was "
        f"measured to do in {sum(wins)} of {len(FEW)} cases, and farther in {sum(losses)}, beyond two standard errors. "
        f"In one evaluation it is {closer.n:.3g} times nearer to the floor than one step of the teacher's DDIM; in "
        f"four its distance is {near.n:.3g} times that of the teacher in {asymptote.settings.steps} steps.",
        numbers,
        checkpoints={row.checkpoint: row.checkpoint_sha256 for row in measured.rows},
    )


def _above_floor(of: Measurement, evaluations: int) -> UFloat:
    settings, distance = of.settings, above_floor(of)
    name = f"at most {evaluations} evaluations: {of.checkpoint}, {settings.sampler} in {settings.steps}"
    return named(f"{name}: distance beyond the floor (n = {of.samples})", distance.n, distance.s)


@measures("C3", on("exact mixtures, flow path"))
def exact_students_take_over() -> Evidence:
    """The exact consistency function and the exact second flow in one step against the exact denoiser in 1 to 8."""
    numbers, wins = [], []
    for mixture in ("broad", "narrow"):
        own = {k: [distance(name, k, mixture, FLOW) for name in ("ddim", "dpm_solver_pp_2m")] for k in FEW}
        jump = distance("consistency", 1, mixture, FLOW, exact="consistency function")
        straight = distance("euler", 1, mixture, FLOW, exact="second flow")
        again = distance("consistency", 4, mixture, FLOW, exact="consistency function")
        for rivals in own.values():
            best = min(rivals, key=lambda number: number.n)
            wins += [smaller(one, best) for one in (jump, straight)]
        numbers += [*(number for rivals in own.values() for number in rivals), jump, straight, again, floor(mixture)]
    return Evidence(
        CONDITION if any(wins) else FAILS,  # the condition: a perfect student, which no trained one is
        f"A perfect student is as near to the law in one step as exact samples are, nearer than the exact denoiser in "
        f"1 to 8 steps in {sum(wins)} of {len(wins)} comparisons. What keeps real students from it is what they learn, "
        "not how they are asked.",
        numbers,
    )

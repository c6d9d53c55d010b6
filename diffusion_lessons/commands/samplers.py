"""`diffusion-lessons samplers`: the kind, cost and source of each sampler."""

from diffusion_lessons.figures import style
from diffusion_lessons.samplers import ALL

STEPS = 10  # for which the evaluations are counted


def show_samplers() -> None:
    """Print a line for each sampler: its name and label, order, evaluations in ten steps to the data, noise, source."""
    print(f"{'--sampler':22}{'':22}{'order':7}{f'NFE in {STEPS} steps':17}{'by default':15}published in")
    for name, sampler in ALL.items():
        info = sampler.info
        evaluations = info.nfe(STEPS)
        cost = "as it needs" if evaluations is None else str(evaluations)
        noise = "deterministic" if info.deterministic else "adds noise"
        print(f"{name:22}{style.label(name):22}{info.order:<7}{cost:17}{noise:15}{info.citation}")

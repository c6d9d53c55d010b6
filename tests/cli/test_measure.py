"""What the help of the commands that measure lists is all that there is."""

import typer

from diffusion_lessons import cli
from diffusion_lessons.benchmark.plans import PLANS


def test_the_help_of_a_benchmark_names_every_plan():
    command = typer.main.get_command(cli.app).commands["benchmark"]
    (plan,) = (option for option in command.params if option.name == "plan")
    assert plan.help.removesuffix(".").replace(" or ", ", ").split(", ") == list(PLANS)

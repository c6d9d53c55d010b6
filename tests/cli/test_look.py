"""What the commands that look at something refuse before they look."""

import pytest
from typer.testing import CliRunner

from diffusion_lessons import cli


@pytest.mark.parametrize("samples", ["-5", "0", "1", "2000000"])
def test_the_doctor_asks_for_samples_of_which_a_distance_can_be_measured(samples):
    done = CliRunner().invoke(cli.app, ["doctor", "--checkpoint", "digits-diffusion", "--samples", samples])
    assert done.exit_code == 2 and "'--samples'" in done.output

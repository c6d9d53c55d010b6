"""Every sampler has its line, with its cost and its source."""

from diffusion_lessons import samplers
from diffusion_lessons.commands.samplers import show_samplers


def test_a_line_for_each_sampler(capsys):
    show_samplers()
    title, *lines = capsys.readouterr().out.splitlines()
    assert "NFE in 10 steps" in title and len(lines) == len(samplers.ALL)
    by_name = {line.split()[0]: line for line in lines}
    assert all(line.endswith(samplers.get(name).info.citation) for name, line in by_name.items())
    assert by_name["heun"].split()[1:5] == ["Heun", "2", "19", "deterministic"]
    assert "DDPM" in by_name["ddpm"] and "adds noise" in by_name["ddpm"]
    assert "as it needs" in by_name["dpm_solver_adaptive"]

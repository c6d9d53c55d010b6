"""Diffusion models, from one number on paper to the frontier of steps, quality and latency.

from diffusion_lessons import load, sample, trace, samplers, schedules, denoisers, guidance, toys
"""

from diffusion_lessons import denoisers, guidance, samplers, schedules, toys
from diffusion_lessons.samplers import sample, trace
from diffusion_lessons.training.checkpoints import load

__all__ = ["denoisers", "guidance", "load", "sample", "samplers", "schedules", "toys", "trace"]

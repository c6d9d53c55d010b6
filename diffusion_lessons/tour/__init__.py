"""The tour: train on real digits, sample in several ways from one starting noise, compare, and write a page about it.

No network and no GPU are needed. The work is fixed by images seen and samples drawn, not by the clock.
"""

from diffusion_lessons.tour.run import run

__all__ = ["run"]

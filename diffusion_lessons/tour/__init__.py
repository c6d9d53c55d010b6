"""The tour: train on real digits, sample in several ways from one starting noise, compare, and write a page about it.

No internet connection and no GPU are needed. The work is a fixed number of images and samples, not a length of time.
"""

from diffusion_lessons.tour.run import run

__all__ = ["run"]

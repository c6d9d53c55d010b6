"""How fast and how good: `measure` one configuration, `sweep` many into a file, and the grids that the course measures.

from diffusion_lessons.evaluation import judge
from diffusion_lessons.evaluation.benchmark import Configuration, measure, sweep

row = measure(load("mnist-diffusion"), Configuration("ddim", steps=20), judge=judge.of_images("mnist"))
row.seconds_per_image, row.nfe, row.quality["frechet"]
"""

from diffusion_lessons.evaluation.measurement import Configuration, Measurement
from diffusion_lessons.evaluation.measuring import QUALITY, measure
from diffusion_lessons.evaluation.sweep import sweep

__all__ = ["QUALITY", "Configuration", "Measurement", "measure", "sweep"]

"""Distillation: students that do in one to eight steps what their teacher does in many.

Every student begins as a copy of its teacher and ends as an ordinary checkpoint for the ordinary samplers. The methods
differ in what a training step teaches: `reflow` straightens the teacher's trajectories, `progressive` takes two of its
steps in one, `consistency` jumps from any point of a trajectory to its end. `students` lists the recipes and trains
them.
"""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "recipe": [],
        "reflow": ["make_pairs"],
        "progressive": ["two_steps"],
        "consistency": [],
        "students": ["load_teacher", "student_recipe", "train_student"],
    },
)

"""What the recipes of all students have in common, and the one thing in which methods differ: the lesson."""

import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

from diffusion_lessons.data import Data
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.networks.unet import UNet
from diffusion_lessons.sampling import Settings
from diffusion_lessons.training.pairs import Pairs
from diffusion_lessons.training.recipes import Recipe
from diffusion_lessons.training.step import Objective

Student = TypeVar("Student", bound="StudentRecipe")


class Lesson(NamedTuple):
    """What a student is trained on, and what a training step minimises."""

    data: Data | Pairs
    objective: Objective


@dataclass(frozen=True)
class StudentRecipe(Recipe):
    """One way of making a student of a teacher; a method is a subclass with its own fields and its own `lesson`.

    name              the student's name, under which its checkpoint is kept
    method            "reflow", "progressive", "consistency_distillation", ...
    teacher           a shipped checkpoint's name, that of another student in runs/, or a path
    teacher_sha256    of the teacher's weights: written by `taught_by`, so that no run resumes with another teacher
    sampling_steps    how many steps of `sampler` on the trailing grid the student is meant for
    only_these_steps  whether it is good for these alone, so that its card names their times
    guidance          "kept": labels were dropped as often as the teacher's, and the student is guided as the teacher
                      is; "baked in": it learned from a guided teacher

    path, predicts and network are those of the teacher: `taught_by` writes them too.
    """

    method: str = ""
    teacher: str = ""
    teacher_sha256: str = ""
    sampler: str = "ddim"
    sampling_steps: int = 1
    only_these_steps: bool = False
    guidance: str = "kept"
    learning_rate: float = 5e-4

    RANGES: ClassVar[dict[str, tuple[float, float]]] = {**Recipe.RANGES, "sampling_steps": (1, 10**6)}

    @classmethod
    def after(cls: type[Student], recipe: Recipe, name: str, **own: Any) -> Student:
        """The recipe of a student on the data and in the batches of a teacher's recipe, with its own name and fields.

        The learning rate and the times are not inherited: a student starts from trained weights and is only
        tuned, and the times at which it is trained depend on its method.
        """
        shared = {f.name: getattr(recipe, f.name) for f in fields(Recipe) if f.name not in ("learning_rate", "times")}
        return cls(**{**shared, "name": name, **own})

    @property
    def checkpoint(self) -> str:
        return self.name

    @property
    def picture(self) -> Settings:
        return Settings(self.sampler, self.sampling_steps)

    def command(self, seed: int) -> str:
        return shlex.join(["diffusion-lessons", "distil", self.name, "--seed", str(seed)])

    def about(self) -> dict[str, Any]:
        """Entries of the card beside the recipe: the teacher, the method, and the student's times if it has some."""
        distillation = {
            "method": self.method,
            "teacher": self.teacher,
            "teacher_sha256": self.teacher_sha256,
            "sampler": self.sampler,
            "steps": self.sampling_steps,
            "guidance": self.guidance,
        }
        times = self.make_path().grid(self.sampling_steps)[:-1]
        return {"distillation": distillation, **({"times": list(times)} if self.only_these_steps else {})}

    def taught_by(self: Student, teacher: Denoiser) -> Student:
        """The recipe with this teacher's path, prediction type, network and hash.

        Raises ValueError if `check` finds that the method cannot use it.
        """
        self.check(teacher)
        if not isinstance(teacher.network, UNet):
            raise ValueError(f"{self.teacher} is a {type(teacher.network).__name__}; teachers here are U-Nets")
        return replace(
            self,
            kind="flow" if teacher.path.card["path"] == "flow" else "diffusion",
            path=teacher.path.card,
            predicts=teacher.predicts,
            network=teacher.network.config,
            teacher_sha256=(teacher.card or {}).get("sha256", ""),
        )

    def check(self, teacher: Denoiser) -> None:
        """Raise a ValueError, which says what to do instead, if the method cannot use this teacher."""

    def lesson(self, teacher: Denoiser, data: Data, out_dir: Path | None, seed: int) -> Lesson:
        """What the student learns: the data to draw batches from, and the objective.

        The teacher stands on the device where training happens and takes no gradients; `data` are the training images,
        still on the CPU. What is costly to prepare is kept in `out_dir`, so that an interrupted run finds it again.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what its students learn")

"""Take the README's figure out of the built lesson 14, so that both show the same: `python tools/lesson_picture.py`."""

import argparse
import base64

from lesson_files import LESSONS, ROOT, read_built

from diffusion_lessons.machine.files import write_atomically

FILE = ROOT / "docs/images/cifar10-published.png"
LESSON, ALT = "14_cifar10", "Left the published distances"  # the beginning of its words


def picture(lesson: str = LESSON, alt: str = ALT) -> bytes:
    """The one picture of a built lesson whose words begin so, as PNG. ValueError if there is none, or more than one."""
    outputs = [one for cell in read_built(LESSONS / f"{lesson}.ipynb").cells for one in cell.get("outputs", [])]
    found = [
        one["data"]["image/png"]
        for one in outputs
        if one.get("metadata", {}).get("image/png", {}).get("alt", "").startswith(alt)
    ]
    if len(found) != 1:
        raise ValueError(f"lesson {lesson} has {len(found)} pictures whose words begin {alt!r}; expected one")
    return base64.b64decode(found[0])


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    write_atomically(FILE, picture())

"""The exercise on copies: which training image is a drawn one (lesson 00)?"""

import numpy as np
import torch

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.portable.inputs import tensor


def _pictures(rng, drawn=4, images=9):
    return rng.standard_normal((drawn, 5)), rng.standard_normal((images, 5))


def _copies(rng):
    """Four of nine images, each a little off, and no two the same."""
    images = _pictures(rng)[1]
    return images[rng.permutation(9)[:4]] + 0.01 * rng.standard_normal((4, 5)), images


def _differences(drawn, images):
    return np.asarray(drawn)[:, None] - np.asarray(images)[None]  # [N, M, d]


def _squares(drawn, images):
    return (_differences(drawn, images) ** 2).sum(axis=-1)


NEAREST_IMAGE = Exercise(
    "nearest_image(drawn, images)",
    "For each row of drawn [N, d], the number of the row of images [M, d] at the smallest distance (root of the summed "
    "squares of the differences): N whole numbers, counted from 0.",
    "lesson 00, what have you just drawn?",
    lambda drawn, images: torch.cdist(tensor(drawn), tensor(images)).argmin(dim=1),
    [
        Part("any pictures", _pictures, draws=3),
        Part("copies, a little off", _copies),
        Part(
            "one image far below the others",
            lambda rng: (np.ones((2, 3)), np.array([[9.0, 9.0, 9.0], [-9.0, -9.0, -9.0], [1.0, 2.0, 1.0]])),
            lambda *_: [2, 2],
            draws=1,
        ),
    ],
    [
        Mistake(
            "the distance instead of the number",
            lambda drawn, images: np.sqrt(_squares(drawn, images)).min(axis=1),
            "You return how far the nearest image is. The question is which one it is: argmin in place of min.",
        ),
        Mistake(
            "the farthest image",
            lambda drawn, images: _squares(drawn, images).argmax(axis=1),
            "That image is the least similar of all.",
        ),
        Mistake(
            "differences that cancel",
            lambda drawn, images: _differences(drawn, images).sum(axis=-1).argmin(axis=1),
            "You add up the differences with their signs, so that a brighter pixel makes up for a darker one, and the "
            "most negative sum wins. Square each difference first.",
        ),
        Mistake(
            "mean brightness compared",
            lambda drawn, images: np.abs(_differences(drawn, images).sum(axis=-1)).argmin(axis=1),
            "You take the size of the *summed* difference, so only the mean brightness is compared. Square each "
            "difference before you add them up.",
        ),
        Mistake(
            "the nearest drawn picture of each image",
            lambda drawn, images: _squares(drawn, images).argmin(axis=0),
            "Your answer has one number for each image. There should be one for each *drawn* picture: look along the "
            "other axis.",
        ),
        Mistake(
            "the largest product",
            lambda drawn, images: (np.asarray(drawn) @ np.asarray(images).T).argmax(axis=1),
            "The product of two pictures grows with the contrast of the image, so a bold image wins over the same one. "
            "Take the distance.",
        ),
        Mistake(
            "counted from 1",
            lambda drawn, images: _squares(drawn, images).argmin(axis=1) + 1,
            "Python counts from 0, and so must these numbers: images[0] is the first.",
        ),
    ],
    "All differences at once are drawn[:, None] - images[None], of shape [N, M, d]. What remains is a sum over the "
    "last axis and an argmin over the images.",
)

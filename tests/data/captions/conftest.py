"""Handwriting without a download: the 8x8 digits inside scikit-learn, enlarged to MNIST's size."""

import pytest

from diffusion_lessons.data import load_data
from diffusion_lessons.data.captions.strokes import Strokes, load_strokes


@pytest.fixture(scope="session")
def strokes() -> Strokes:
    return load_strokes(data=load_data("digits", "test", size=28))

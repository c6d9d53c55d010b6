"""A panel's picture as numbers."""

import io

import numpy as np
from PIL import Image

from diffusion_lessons.panels.panel import Panel


def pixels(panel: Panel) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(panel.image.value)).convert("RGB")).astype(float)

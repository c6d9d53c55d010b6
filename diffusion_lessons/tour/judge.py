"""Who judges the tour's digits: a classifier and a feature space that had no part in making them.

Both come from scikit-learn and see real digits only. The classifier says whether a sample is the digit that was asked
for, and how sure it is; the distance between two sets of digits is the Frechet distance of their principal components.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.svm import SVC
from torch import Tensor

from diffusion_lessons.data import Data
from diffusion_lessons.metrics.frechet import frechet_distance

CONFIDENT = 0.5  # probability from which a digit counts as recognised
COMPONENTS = 16  # few enough that 200 samples give a sound covariance


@dataclass(frozen=True)
class Judge:
    """Fitted to real training digits; `reference` are their principal components [N, COMPONENTS]."""

    classifier: CalibratedClassifierCV
    pca: PCA
    reference: np.ndarray

    @classmethod
    def of(cls, real: Data) -> "Judge":
        pixels = _rows(real.images)
        support_vectors = SVC(C=10, gamma=0.02)
        classifier = CalibratedClassifierCV(support_vectors, cv=3, ensemble=False).fit(pixels, real.labels.numpy())
        pca = PCA(COMPONENTS, random_state=0).fit(pixels)
        return cls(classifier, pca, pca.transform(pixels))

    def probabilities(self, images: Tensor) -> np.ndarray:
        """[N, 10]: how likely each image is each digit."""
        return self.classifier.predict_proba(_rows(images))

    def recognised(self, images: Tensor, labels: Tensor) -> float:
        """Share of images that are, with confidence, the digits asked for."""
        wanted = labels.numpy()
        sure = self.probabilities(images)[np.arange(len(wanted)), wanted]
        return float((sure > CONFIDENT).mean())

    def distance(self, images: Tensor) -> float:
        """Frechet distance between the principal components of these images and of the real training digits."""
        components = self.pca.transform(_rows(images))
        return frechet_distance(torch.from_numpy(self.reference), torch.from_numpy(components))


def _rows(images: Tensor) -> np.ndarray:
    """[N, 1, 8, 8] -> [N, 64], within the range that pixels have."""
    return images.clamp(-1, 1).flatten(1).cpu().double().numpy()

"""`diffusion-lessons probe`: does a network repeat its training images?"""

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.card import default_settings
from diffusion_lessons.benchmark.measure import timed_samples
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.metrics.features import training_index
from diffusion_lessons.metrics.memorization import Probe, memorization_probe


def show_probe(checkpoint: str, samples: int = 300, *, device: str | None = None, seed: int = 0) -> Probe:
    """Draw samples, look for images of the whole training set among them, and print what was found and what would be.

    Raises ValueError for reference features without an index of the training images.
    """
    denoise = checkpoints.load(checkpoint, choose_device(device))
    name = evaluators.data_of(denoise)
    evaluator, index = evaluators.of_images(name), training_index(name)
    settings = default_settings(denoise.card or {})
    drawn = timed_samples(denoise, settings, samples, evaluator=evaluator, seed=seed, progress=True)
    seen = evaluator.features_of(drawn.x, drawn.labels)
    found = memorization_probe(seen.features, index, evaluator.held_out.features, seed=seed)
    print(f"{checkpoint}, {samples} samples by {settings}, in {evaluator.name}:\n{found}")
    return found

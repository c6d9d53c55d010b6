"""Training the parts of the text-to-image system: judge, contrastive pair, autoencoder, denoisers."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(__name__, {"recipes": [], "parts": ["train_part"], "scenery": ["LatentScenes"]})

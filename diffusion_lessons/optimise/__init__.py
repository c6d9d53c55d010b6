"""Making a trained network faster: each technique takes a denoiser and gives one, so that they can be combined.

Whatever is gained here is to be compared with what is gained by simply taking fewer steps.
"""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "feature_cache": ["reuse_features"],
        "guidance_cache": ["reuse_negative"],
        "placement": ["cheapest", "local_errors", "place_steps"],
    },
)

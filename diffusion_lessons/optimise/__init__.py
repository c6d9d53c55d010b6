"""Making a trained network faster: each technique takes a denoiser and gives one, so that they can be combined.

Whatever is gained here is to be compared with what is gained by simply taking fewer steps.
"""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "block_pruning": ["block_names", "least_missed", "rank_blocks", "without_blocks"],
        "channel_pruning": ["prune_channels"],
        "copies": [],
        "feature_cache": ["reuse_features"],
        "guidance_cache": ["reuse_negative"],
        "head_pruning": ["head_names", "least_missed_heads", "without_heads"],
        "int8": ["Quantised", "calibration_run", "quantise", "to_int8", "why_no_int8"],
        "onnx_runtime": ["export_onnx", "to_onnx", "why_no_onnx"],
        "placement": ["cheapest", "local_errors", "place_steps"],
        "sensitivity": ["layer_sensitivity"],
        "techniques": ["Techniques"],
    },
)

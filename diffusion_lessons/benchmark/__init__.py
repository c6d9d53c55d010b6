"""Measured rows: what a sampler costs and how good its samples are, in tables that are resumed and that ship."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "rows": ["Measurement"],
        "measure": ["timed_samples"],
        "kept": [],
        "noise": [],
        "paradigms": [],
        "levels": ["by_level"],
        "latency": ["interleaved", "speed_up"],
        "sweep": [],
        "table": [],
        "plans": [],
        "shipped": ["find"],
        "frontier": ["best_under", "knee", "on_frontier"],
        "students": ["above_floor", "difference", "family", "ratio"],
        "card": ["default_settings"],
        "drift": [],
        "again": [],
        "captions": [],
        "techniques": [],
    },
)

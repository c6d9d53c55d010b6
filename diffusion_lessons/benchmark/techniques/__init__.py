"""Every acceleration on one frontier, beside the plain step-count curve, and what to choose of it."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "advice": ["advise"],
        "candidates": [],
        "forecast": [],
        "trained": [],
        "this_machine": ["on_this_machine"],
        "networks": ["network_rows"],
        "step_curve": ["beside"],
        "technique_table": ["at_batch", "compared", "shipped_techniques"],
    },
)

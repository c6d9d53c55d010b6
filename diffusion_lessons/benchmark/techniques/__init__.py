"""Every acceleration on one frontier, beside the plain step-count curve, and what to choose of it."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "advice": ["advise"],
        "candidates": [],
        "forecast": [],
        "trained": [],
        "this_machine": ["in_the_table", "on_this_machine"],
        "compiling": ["passes_until_it_pays", "shipped_making"],
        "networks": ["network_rows"],
        "step_curve": ["beside"],
        "technique_table": ["at_batch", "compared", "shipped_tables", "shipped_techniques"],
    },
)

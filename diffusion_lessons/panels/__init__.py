"""Interactive panels for the lessons: controls, a picture and its numbers."""

try:
    import ipywidgets  # noqa: F401
except ImportError as error:
    raise ImportError('the panels need ipywidgets: pip install "diffusion-lessons[lab]"') from error

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "panel": ["Drawing", "Panel"],
        "controls": ["choice_slider", "decimal_slider", "menu", "sampler_menu", "slider"],
        "quiz": ["predict", "scope_check"],
        "questions": [],
        "noising": ["noising_panel"],
        "training": ["answers_panel"],
        "sampling": ["image_panel", "sampler_panel"],
        "solvers": ["order_panel"],
        "flow": ["flow_panel"],
        "guidance": ["digit_panel", "field_panel"],
        "floor": ["floor_panel"],
        "frontier": ["comparable", "frontier_panel"],
        "few_steps": ["few_steps_panel"],
    },
)

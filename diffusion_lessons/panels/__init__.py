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
        "controls": ["choice_slider", "decimal_slider", "menu", "sampler_menu", "slider", "switch"],
        "quiz": ["predict", "scope_check"],
        "questions": [],
        "diffusion.noising": ["noising_panel"],
        "diffusion.training": ["answers_panel"],
        "diffusion.sampling": ["image_panel", "sampler_panel"],
        "diffusion.solvers": ["order_panel"],
        "diffusion.flow": ["flow_panel"],
        "conditions.guidance": ["digit_panel", "field_panel"],
        "conditions.text_to_image": ["prompt_panel"],
        "conditions.preference": ["preference_panel"],
        "quality.floor": ["floor_panel"],
        "quality.frontier": ["comparable", "frontier_panel"],
        "quality.faster": ["techniques_panel"],
        "quality.clinic": ["clinic_panel"],
        "diffusion.few_steps": ["few_steps_panel"],
        "diffusion.one_picture": ["noise_panel"],
        "diffusion.real_systems": ["table_panel"],
    },
)

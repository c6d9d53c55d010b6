"""Interactive panels for the lessons: controls, a picture and its numbers."""

try:
    import ipywidgets  # noqa: F401
except ImportError as error:
    raise ImportError('the panels need ipywidgets: pip install "diffusion-lessons[lab]"') from error

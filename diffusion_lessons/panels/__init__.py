"""Interactive panels for the lessons: controls, a picture and its numbers."""

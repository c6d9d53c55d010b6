"""Figures, animations and panels: everything that is looked at."""

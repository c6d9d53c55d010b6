"""Panels of measures and of the frontier, lessons 09 and 10."""

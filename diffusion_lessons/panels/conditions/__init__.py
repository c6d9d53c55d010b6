"""Panels of guidance and negatives, lessons 07 and 08."""

"""Panels of guidance, negatives and text to image, lessons 07, 08 and 13."""

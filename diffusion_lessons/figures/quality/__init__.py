"""Figures of measured quality and its cost, lessons 07, 09, 10, 12 and 13."""

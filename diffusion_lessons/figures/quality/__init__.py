"""Figures of measured quality and its cost, lessons 07, 09 and 10."""

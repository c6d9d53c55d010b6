"""Panels of noise, training and samplers, lessons 00 to 06 and 11."""

"""Exercises on noise, training and the samplers of lessons 01 to 06."""

"""Exercises on measuring samples and their cost, lessons 09 and 10."""

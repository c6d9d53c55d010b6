"""Exercises on copies, on measuring samples and on their cost, lessons 00, 09 and 10."""

"""The library's stub in the process whose values earn points: names that can be imported, and nothing more.

library.py  becomes `diffusion_lessons` there: every name exists, every call raises WriteItYourself. Those of
            matplotlib exist, too, and do nothing
checks.py   becomes `diffusion_lessons.checks`: judges nothing, solves nothing
run.py      runs a student's cells and asks their functions
"""

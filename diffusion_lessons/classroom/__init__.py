"""Assignments for a class: built from one source each, run in a jail, judged outside it.

source.py     py:percent sources -> nbgrader notebooks
jail.py       where a student's code runs, and what it may use
kernel.py     a kernel in the jail, which runs the notebook
alone.py      the values that earn points, from a jail without the library
standin/      what is in the library's place there
grading.py    the preprocessors that nbgrader runs: restore, execute, judge
course.py     a course folder: new, release, collect, feedback
autograde.py  grading a whole class on all cores
report.py     scores and common mistakes
commands.py   the command line, `diffusion-lessons class ...`
"""

"""Assignments for a class: built from one source each, run in a jail, judged outside it.

source.py     py:percent sources -> nbgrader notebooks
answers.py    how a student's values leave the kernel
jail.py       the kernel in which a student's code runs
grading.py    the preprocessors that nbgrader runs: restore, execute, judge
course.py     a course folder: new, release, collect, feedback
autograde.py  grading a whole class on all cores
report.py     scores and common mistakes
commands.py   the command line, `diffusion-lessons class ...`
"""

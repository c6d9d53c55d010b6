"""Assignments for a class: built from one source each, run in a sandbox, judged outside it.

assignments.py             py:percent sources -> nbgrader notebooks
course.py                  a course folder: new, release
inbox.py                   what was handed in, and whose it is
register.py                names of students
submission.py              is it a notebook, and of which assignment
collecting.py              from an inbox into the course
grading/cleaning.py        nothing that was handed in runs where it is read
grading/preprocessors.py   what nbgrader runs on a submission: restore, execute, judge
grading/whole_class.py     grading a whole class on all cores
grading/processes.py       one process for each submission, ended at its deadline
grading/gradebook.py        marks, as the gradebook holds them
grading/feedback.py        pages to hand back
grading/report.py          scores and common mistakes
sandbox/sandbox.py         where a student's code runs, and what it may use
sandbox/limits.py          limits that the system keeps
sandbox/watching.py        limits for all processes together
sandbox/kernel.py          a kernel in the sandbox, which runs the notebook
sandbox/answers.py         the values that earn points, from a sandbox without the library
sandbox/stub/              what is in the library's place there

The command line, `diffusion-lessons class ...`, is cli/classroom.py.
"""

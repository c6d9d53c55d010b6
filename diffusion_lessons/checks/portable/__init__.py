"""Inputs and answers of an exercise as plain values; copied into the sandbox, so nothing else of the library is needed.

answers.py  runs a learner's function; what it answers travels as JSON
names.py    a seed for each student
inputs.py   what is drawn for an exercise: numbers, batches, levels, and functions of (x, t)
values.py   values handed over in several conventions, and compared in one
"""

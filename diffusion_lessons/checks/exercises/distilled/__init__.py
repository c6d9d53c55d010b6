"""Exercises on students that need few steps, lesson 11."""

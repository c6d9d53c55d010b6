"""Inputs and answers of an exercise as plain values; copied into the sandbox, so it imports nothing of the library."""

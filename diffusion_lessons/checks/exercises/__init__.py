"""The exercises of the lessons, each with its solution and its named mistakes."""

"""From submissions to marks: what nbgrader runs on one, on a whole class, and the report."""

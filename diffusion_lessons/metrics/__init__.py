"""How good samples are: distances, precision and recall, adherence, memorization, each with its floor."""

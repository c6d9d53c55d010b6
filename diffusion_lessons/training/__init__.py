"""Training: losses, the running average, the loop, recipes and checkpoints."""

"""What the command line does and prints; its options are defined in `cli`."""

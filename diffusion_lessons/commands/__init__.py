"""What the command line does and prints; its options stand in `cli`."""

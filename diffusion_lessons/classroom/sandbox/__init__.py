"""Where students' code runs: without the network, the gradebook, the solutions or the library."""

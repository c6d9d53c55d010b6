"""How good, how fast, and is it true: metrics with floors, honest latency, the frontier, the claims ledger."""

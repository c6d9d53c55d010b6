"""Measured rows: what a sampler costs and how good its samples are, in tables that are resumed and that ship."""

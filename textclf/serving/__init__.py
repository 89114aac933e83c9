"""A run folder behind HTTP: the protocols that clients already speak, batching, limits, metrics."""

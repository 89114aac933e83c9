"""Encoders with a classification head, what is learned with them, and the baselines beside them."""

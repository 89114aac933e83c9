"""Scores for texts from a saved folder or a Hub id."""

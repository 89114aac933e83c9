"""From scores to figures that can be believed."""

"""The figures of the model card, as PNG files."""

"""Checks what a model card claims: reads it, measures with this project's code, says what explains a difference."""

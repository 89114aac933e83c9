"""The baselines that stand beside every model, settled on validation like it."""

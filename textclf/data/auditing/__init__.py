"""Looking at the data before anything is learned from it."""

"""From raw columns to texts and label ids."""

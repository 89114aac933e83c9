"""From any source of labelled text to three splits that can be trusted."""

"""Fine-tuning: sees training and validation rows, never test rows."""

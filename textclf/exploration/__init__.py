"""A look at a data set before any training: counts, lengths, words, findings, embeddings, on one page."""

"""Labels for many texts: cut into shards, each written once with a receipt, on one machine or on many."""

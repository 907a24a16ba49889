"""The detector's contract, features and their cache, batches."""

"""Files: one way each to find, name, open, hash and write them. No torch."""

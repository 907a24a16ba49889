"""The language: from text to the tree of statements, and back to canonical text."""

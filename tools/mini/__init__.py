"""The trainer of the built-in model."""

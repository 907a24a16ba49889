"""Experiments with the words of a spec."""

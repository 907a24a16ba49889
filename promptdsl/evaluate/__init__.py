"""Labelled pictures: how well a spec tells good from bad, and which limits hold."""

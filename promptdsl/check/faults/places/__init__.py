"""Faults of pictures, regions, ignored places and of the lines that name them."""

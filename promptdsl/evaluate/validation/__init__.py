"""Validation: from labelled pictures to figures, outcomes, and the files that hold them."""

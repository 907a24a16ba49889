"""The questions of `promptdsl new`."""

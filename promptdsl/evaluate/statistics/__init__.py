"""Statistics of scores: figures, their intervals, and whether scores separate at all."""

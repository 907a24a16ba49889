"""Models of open_clip: catalogue, configuration, weights, towers, text."""

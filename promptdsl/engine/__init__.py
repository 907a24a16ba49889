"""From pixels to features: kernels, graphs, windows, devices."""

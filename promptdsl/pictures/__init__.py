"""Pictures: files are opened, turned upright and brought to 8-bit RGB in one way. No torch."""

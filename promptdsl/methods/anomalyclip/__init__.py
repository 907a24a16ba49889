"""AnomalyCLIP: learned prompts about any object, and the V-V path of the image tower."""

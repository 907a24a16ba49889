"""Training of the learned methods: prompts (AnomalyCLIP) and linear layers (APRIL-GAN).

The image tower is frozen, so each picture passes it once; the epochs run on stored features.
"""

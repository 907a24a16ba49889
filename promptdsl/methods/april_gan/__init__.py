"""APRIL-GAN: learned linear layers between blocks of the image tower and the words."""

"""A first spec out of a few answers: words, folders of pictures, a text with comments."""

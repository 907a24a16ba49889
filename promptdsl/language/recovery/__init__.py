"""What was meant where a line is not the language: corrections for messages."""

"""Tables for the terminal, drawn from the same plain values as files and pages."""

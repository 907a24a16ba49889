"""What makes and measures: the built-in model, its pictures, comparisons. Not in the wheel."""

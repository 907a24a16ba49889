"""Pictures of products with and without defects, drawn with exact masks from a seed."""

from .catalog import ALL_DEFECTS, DEFECTS, LEFT_OUT, OBJECTS, TRAINED, Product
from .draw import Sample, draw, draw_pair, draw_set

__all__ = [
    "ALL_DEFECTS",
    "DEFECTS",
    "LEFT_OUT",
    "OBJECTS",
    "TRAINED",
    "Product",
    "Sample",
    "draw",
    "draw_pair",
    "draw_set",
]

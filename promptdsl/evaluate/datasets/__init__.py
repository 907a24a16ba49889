"""Labelled pictures on disk: MVTec AD's folders, VisA's table, or plain folders.

Free of torch: training, validation and calibration read the same `Dataset`.
"""

from promptdsl.evaluate.datasets.masks import read_mask
from promptdsl.evaluate.datasets.model import GOOD, Category, Dataset, Layout, Picture
from promptdsl.evaluate.datasets.read import LAYOUTS, read_dataset

__all__ = [
    "GOOD",
    "LAYOUTS",
    "Category",
    "Dataset",
    "Layout",
    "Picture",
    "read_dataset",
    "read_mask",
]

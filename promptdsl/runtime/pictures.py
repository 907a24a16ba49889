"""Pictures as the runtime reads them; they live in `promptdsl.pictures`."""

from promptdsl.pictures.opening import MAX_PIXELS, PictureError
from promptdsl.pictures.reading import PREVIEW_SIDE, Picture, read_picture, read_rgb

__all__ = ["MAX_PIXELS", "PREVIEW_SIDE", "Picture", "PictureError", "read_picture", "read_rgb"]

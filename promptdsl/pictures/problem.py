"""The one thing that goes wrong with a picture."""

SAVE_AS = "save it as PNG, JPEG or TIFF"


class PictureError(Exception):
    """Why a file gives no picture: one sentence without the file's name."""

    sha256: str | None = None  # of the file's bytes, where they could be read

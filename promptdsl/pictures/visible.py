"""What of a picture can be seen: transparent parts are put on white, measured and told."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptdsl.pictures.depth import DEEP, Depth, eight_bits, eight_bits_by
from promptdsl.pictures.intensity import Tones
from promptdsl.pictures.problem import PictureError

HIDDEN = 12  # alpha up to here, of 255, shows nothing that a model could judge
NOTHING_SEEN = 0.995  # share of hidden pixels from which a picture is not inspected
_WITH_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")
_SHARES = ((0.01, "less than 1%"), (0.1, "1 to 10%"), (0.5, "10 to 50%"), (1.1, "more than 50%"))

Key = int | bytes | tuple[int, ...] | None
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a file says of its values, read before it is decoded."""

    depth: Depth
    key: Key = None  # the one transparent value, or the alpha of every colour of a palette
    low_bits: int = 8  # depth of grey values below 8 bits, in which the key is written
    deep: bool = False  # more than 8 bits a value; then a key of colour has 16
    tones: Tones | None = None  # by which values become levels; None: by the file alone


@dataclass(slots=True)
class Seen:
    """How many pixels have which alpha, over all strips of a picture."""

    alpha: Counts = field(default_factory=lambda: np.zeros(256, np.int64))

    def add(self, alpha: Image.Image) -> None:
        """Count the pixels of one strip."""
        self.alpha += np.asarray(alpha.histogram(), np.int64)

    def refuse_nothing(self) -> None:
        """PictureError where nothing, or as good as nothing, can be seen."""
        total = int(self.alpha.sum())
        hidden = int(self.alpha[: HIDDEN + 1].sum())
        if total and hidden >= NOTHING_SEEN * total:
            raise PictureError(
                f"not inspected: nothing can be seen on it, {hidden / total:.1%} of it is "
                "transparent; save it without transparency"
            )

    def note(self) -> str | None:
        """What was put on white, in rough shares, so that equal sentences can be counted."""
        total = int(self.alpha.sum())
        share = int(self.alpha[:255].sum()) / total if total else 0.0
        if share == 0:
            return None
        words = next(words for bound, words in _SHARES if share < bound)
        return f"transparent parts ({words} of the picture) were put on white"


def stored_key(image: Image.Image, depth: Depth, tones: Tones | None = None) -> Stored:
    """What the file says of transparency; the picture is opened and not yet decoded."""
    rawmode = _rawmode(image)
    return Stored(
        depth,
        image.info.get("transparency"),
        int(rawmode[2]) if rawmode in ("L;2", "L;4") else 8,
        image.mode in (*DEEP, "F") or ";16" in rawmode,
        tones,
    )


def _rawmode(image: Image.Image) -> str:
    """How the file stores its values, as Pillow's decoder is told."""
    tiles = getattr(image, "tile", None)
    if not tiles:
        return ""
    args = tiles[0][3]
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def seen_rgb(image: Image.Image, stored: Stored, seen: Seen) -> Image.Image:
    """RGB of a decoded picture, or of a strip of one, with what is transparent on white."""
    alpha = alpha_of(image, stored)
    if image.mode in (*DEEP, "F"):
        image = eight_bits(image, stored.depth, stored.tones)
        stored = replace(stored, tones=None)  # they have done their work
    if image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    if alpha is None:
        return _opaque(image, stored)
    seen.add(alpha)
    rgb = _opaque(image, stored)
    if alpha.getextrema()[0] == 255:
        return rgb
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    rgb.putalpha(alpha)
    return Image.alpha_composite(white, rgb).convert("RGB")


def _opaque(image: Image.Image, stored: Stored) -> Image.Image:
    """RGB of the colours alone."""
    if "transparency" in image.info:  # counted already; Pillow would mix it in
        image = image.copy()
        del image.info["transparency"]
    if stored.tones is None:
        return image.convert("RGB")
    plain = image if image.mode == "L" else image.convert("RGB")
    return eight_bits_by(plain, stored.depth, stored.tones).convert("RGB")


def alpha_of(image: Image.Image, stored: Stored) -> Image.Image | None:
    """The alpha of every pixel, in 8 bits; None where the picture has none."""
    if image.mode in _WITH_ALPHA:
        return image.getchannel(image.getbands()[-1])
    if image.mode == "P":
        keyed = isinstance(stored.key, (int, bytes))
        return image.convert("RGBA").getchannel("A") if keyed or _clear_palette(image) else None
    if stored.key is None or isinstance(stored.key, bytes):
        return None
    hidden = _is_key(np.asarray(image), stored)
    return None if hidden is None else Image.fromarray(np.where(hidden, 0, 255).astype(np.uint8))


def _clear_palette(image: Image.Image) -> bool:
    return image.palette is not None and image.palette.mode == "RGBA"


def _is_key(values: npt.NDArray[np.generic], stored: Stored) -> npt.NDArray[np.bool_] | None:
    """Where a picture without a palette has its transparent value."""
    key = stored.key
    if values.ndim == 2 and isinstance(key, int):
        if values.dtype == np.bool_:
            return np.asarray(values == bool(key))
        return np.asarray(values == key * 255 // ((1 << stored.low_bits) - 1))
    if values.ndim == 3 and isinstance(key, tuple) and len(key) == values.shape[2]:
        eight = [part >> 8 for part in key] if stored.deep else list(key)
        return np.asarray((values == np.array(eight)).all(axis=2))
    return None

"""Which objects there are, how each is drawn, and which defects make sense on it."""

from dataclasses import dataclass

from .boards import circuit_board
from .parts import ROUND_PARTS
from .scene import Drawing
from .textures import TEXTURES

DRAWINGS: dict[str, Drawing] = {**TEXTURES, **ROUND_PARTS, "circuit board": circuit_board}

DEFECTS: dict[str, tuple[str, ...]] = {
    "leather": ("scratch", "hole", "stain", "cut", "contamination", "glue"),
    "wood": ("scratch", "crack", "hole", "stain", "burn"),
    "carpet": ("hole", "stain", "cut", "contamination", "loose thread"),
    "grid": ("bent", "missing part", "contamination", "rust", "glue"),
    "tile": ("scratch", "crack", "stain", "contamination", "glue"),
    "brushed metal": ("scratch", "dent", "stain", "rust", "contamination"),
    "fabric": ("hole", "stain", "cut", "burn", "loose thread"),
    "cork": ("crack", "hole", "stain", "contamination", "burn"),
    "concrete": ("crack", "hole", "stain", "contamination", "scratch"),
    "metal nut": ("scratch", "rust", "missing part", "bent", "contamination"),
    "washer": ("scratch", "rust", "missing part", "bent", "crack"),
    "gear": ("scratch", "rust", "missing part", "bent", "contamination"),
    "capsule": ("scratch", "crack", "squeeze", "missing part", "misprint"),
    "bottle cap": ("scratch", "dent", "bent", "rust", "misprint"),
    "circuit board": ("scratch", "missing part", "bent", "contamination", "burn"),
    "screw": ("scratch", "rust", "bent", "missing part", "damaged thread"),
    "hazelnut": ("crack", "hole", "cut", "missing part", "stain"),
    "pill": ("crack", "stain", "missing part", "contamination", "misprint"),
}

OBJECTS: tuple[str, ...] = tuple(DEFECTS)
LEFT_OUT: tuple[str, ...] = (
    "concrete",
    "pill",
)  # never seen in training, drawn for evaluation only
TRAINED: tuple[str, ...] = tuple(name for name in OBJECTS if name not in LEFT_OUT)
ALL_DEFECTS: tuple[str, ...] = tuple(
    dict.fromkeys(defect for name in TRAINED for defect in DEFECTS[name])
)


@dataclass(frozen=True, slots=True)
class Product:
    """One product: colours, texture and shape follow from its seed, the same in every picture."""

    object: str
    seed: int

    @property
    def defects(self) -> tuple[str, ...]:
        """The defects that this object can have."""
        return DEFECTS[self.object]

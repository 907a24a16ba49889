"""What the name of a folder says about the pictures in it.

Folders of good parts have many names. Those of `GOOD_NAMES` mean good parts and nothing else; those
of `PERHAPS_GOOD` often do, and are asked about instead of guessed.
"""

GOOD_NAMES = (
    "good", "ok", "okay", "normal", "defect-free", "no defect", "no defects", "non-defective",
    "without defect", "fault-free", "anomaly-free", "no anomaly", "flawless", "intact", "undamaged",
)  # fmt: skip
PERHAPS_GOOD = (
    "pass", "passed", "accept", "accepted", "approved", "clean", "correct", "fine", "healthy",
    "perfect", "golden", "master", "reference", "references", "negative", "io", "i.o.", "iO", "0",
    "gut", "bon", "conforme", "bueno", "buono", "goed", "nominal", "regular", "standard",
)  # fmt: skip
BAD_NAMES = (
    "bad", "ng", "nok", "not ok", "ko", "defect", "defects", "defective", "anomaly", "anomalies",
    "anomalous", "abnormal", "fail", "failed", "faulty", "reject", "rejected", "scrap", "damaged",
)  # fmt: skip
MASK_FOLDERS = ("mask", "masks", "ground_truth", "groundtruth", "gt", "annotations")


def _plain(name: str) -> str:
    """Without case and without what stands between words."""
    return "".join(character for character in name.casefold() if character.isalnum())


_GOOD = frozenset(map(_plain, GOOD_NAMES))
_PERHAPS = frozenset(map(_plain, PERHAPS_GOOD))
_BAD = frozenset(map(_plain, BAD_NAMES))
_MASKS = frozenset(map(_plain, MASK_FOLDERS))


def means_good(name: str) -> bool:
    """Whether a folder of that name holds good parts: `good`, `OK`, `Normal`, `defect-free`."""
    return _plain(name) in _GOOD


def may_mean_good(name: str) -> bool:
    """Whether it is worth asking: `pass`, `clean`, `i.O.`."""
    return _plain(name) in _PERHAPS


def means_bad(name: str) -> bool:
    """Whether a folder of that name holds defective parts, whatever their defect."""
    return _plain(name) in _BAD


def means_masks(name: str) -> bool:
    """Whether a folder of that name holds masks."""
    return _plain(name) in _MASKS

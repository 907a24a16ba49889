"""Prints on a product: its letters, sharp as they should be or misprinted."""

import cv2
import numpy as np

from .noise import Field, single, smooth_noise
from .scene import Shot

LETTERS = "ABDEFHKMNPRSTXZ2345789"
BOARD = 128  # pixels of the stencil the letters are cut from


def stencil(shot: Shot) -> Field:
    """The product's own two or three letters, white on black, in the middle of a square."""
    count = int(shot.look.integers(2, 4))
    text = "".join(LETTERS[int(i)] for i in shot.look.integers(0, len(LETTERS), count))
    board = np.zeros((BOARD, BOARD), np.uint8)
    scale, thick = 5.0 / count, 7
    (wide, tall), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    fit = min(1.0, 0.86 * BOARD / wide)
    origin = (int((BOARD - wide * fit) / 2), int((BOARD + tall * fit) / 2))
    cv2.putText(board, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale * fit, 255, thick, cv2.LINE_AA)
    return single(board) / np.float32(255)


def spoiled(shot: Shot, board: Field) -> Field:
    """The same print doubled, smeared or half missing."""
    kind = int(shot.hand.integers(0, 3))
    if kind == 0:
        step = int(shot.hand.integers(16, 26)) * int(shot.hand.choice([-1, 1]))
        ghost = np.roll(board, (step, step // 2), (0, 1))
        return single(np.maximum(board * 0.8, ghost * 0.85))
    if kind == 1:
        smear = cv2.blur(board, (int(shot.hand.integers(34, 54)), 5))
        return single(np.clip(np.maximum(smear * 2.0, 0.25 * board), 0, 1))
    patchy = smooth_noise(shot.hand, BOARD, 3) > shot.hand.uniform(-0.3, 0.1)
    cut = np.roll(board, int(shot.hand.integers(20, 32)), 0) if patchy.mean() > 0.8 else board
    return np.where(patchy, cut * 0.12, board).astype(np.float32)


def lettering(shot: Shot, p: Field, q: Field, width: float) -> Field:
    """Coverage of the print where part coordinate (0, 0) is its middle; widths as ever."""
    board = stencil(shot)
    if shot.flaw == "misprint":
        board = spoiled(shot, board)
    x = ((p / width + 0.5) * BOARD).astype(np.float32)
    y = ((q / width + 0.5) * BOARD).astype(np.float32)
    if (
        shot.size < 200
    ):  # the stencil is finer than the picture: soften it so that it does not alias
        board = cv2.blur(board, (3, 3)).astype(np.float32)
    return cv2.remap(board, x, y, cv2.INTER_LINEAR, borderValue=0).astype(np.float32)

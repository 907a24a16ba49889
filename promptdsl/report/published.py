"""What the papers report, to stand beside a data set's table: means over categories, percent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """One method as published: image AUROC, pixel AUROC, PRO; None where there is no number."""

    method: str
    paper: str
    image_auroc: float | None
    pixel_auroc: float | None
    pro: float | None  # the research codes' variant


_WINCLIP, _ANOMALYCLIP, _APRIL = "arXiv 2303.14814", "arXiv 2310.18961", "arXiv 2305.17382"

PUBLISHED: dict[str, tuple[Published, ...]] = {
    "mvtec": (
        Published("WinCLIP 0-shot", _WINCLIP, 91.8, 85.1, 64.6),
        Published("WinCLIP+ 1-shot", _WINCLIP, 93.1, 95.2, 87.1),
        Published("WinCLIP+ 4-shot", _WINCLIP, 95.2, 96.2, 89.0),
        Published("AnomalyCLIP 0-shot", _ANOMALYCLIP, 91.5, 91.1, 81.4),
        Published("APRIL-GAN 0-shot", _APRIL, 86.1, 87.6, 44.0),
        Published("APRIL-GAN 1-shot", _APRIL, 92.0, 95.1, 90.6),
        Published("APRIL-GAN 4-shot", _APRIL, 92.8, 95.9, 91.8),
    ),
    "visa": (
        Published("WinCLIP 0-shot", _WINCLIP, 78.1, 79.6, 56.8),
        Published("WinCLIP+ 1-shot", _WINCLIP, 83.8, 96.4, 85.1),
        Published("WinCLIP+ 4-shot", _WINCLIP, 87.3, 97.2, 87.6),
        Published("AnomalyCLIP 0-shot", _ANOMALYCLIP, 82.1, 95.5, 87.0),
        Published("APRIL-GAN 0-shot", _APRIL, 78.0, 94.2, 86.8),
        Published("APRIL-GAN 1-shot", _APRIL, 91.2, None, None),
        Published("APRIL-GAN 4-shot", _APRIL, 92.6, 96.2, 90.2),
    ),
}
CATEGORIES = {"mvtec": 15, "visa": 12}  # how many the papers average over
TITLES = {"mvtec": "MVTec AD", "visa": "VisA"}

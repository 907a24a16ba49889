"""Variants of the words on whole pictures, in whatever views these are seen."""

from collections.abc import Callable, Iterator, Sequence

from promptdsl.methods.shared.word_bank import Variant, WordBank
from promptdsl.results import NO_MAP, PictureScore
from promptdsl.scoring.features import Features

MOST_PIXELS = 64_000_000  # of the maps that are put together at once, of all variants
Pass = tuple[Sequence[int], Sequence[int]]  # numbers of variants: scored without maps, and with


def passes(plain: Sequence[int], mapped: Sequence[int], pixels: int | None) -> list[Pass]:
    """Which variants are scored together; `pixels` of the largest map, where maps are large."""
    if pixels is None:
        return [(plain, mapped)]
    most = max(1, MOST_PIXELS // max(1, pixels))
    groups = [mapped[start : start + most] for start in range(0, len(mapped), most)] or [[]]
    return [(plain, groups[0]), *(((), group) for group in groups[1:])]


def rescoring(
    bank: WordBank, variants: Sequence[Variant], chosen: Pass
) -> Callable[[Features], Iterator[list[PictureScore]]]:
    """What gives the scores of some variants, one after the other."""
    rescorers = [
        (bank.rescorer([variants[n] for n in numbers]), maps)
        for numbers, maps in zip(chosen, (False, True), strict=True)
        if numbers
    ]

    def score(features: Features) -> Iterator[list[PictureScore]]:
        for rescorer, maps in rescorers:
            for scores, found in rescorer(features, maps):
                shown = [NO_MAP] * len(scores) if found is None else list(found)
                yield [
                    PictureScore(float(one), {}, anomaly_map)
                    for one, anomaly_map in zip(scores, shown, strict=True)
                ]

    return score

"""Every word the built-in model learns: objects, states, defects and photo templates.

Training draws from these lists; the words file that ships with the model is made of them.
"""

from tools.pictures import ALL_DEFECTS, TRAINED

NAMES: dict[str, tuple[str, ...]] = {
    "leather": ("leather", "leather surface", "piece of leather"),
    "wood": ("wood", "wooden board", "wood panel", "wood surface"),
    "carpet": ("carpet", "rug", "carpet surface"),
    "grid": ("grid", "metal grid", "wire mesh", "mesh"),
    "tile": ("tile", "floor tile", "stone tile", "ceramic tile"),
    "brushed metal": ("brushed metal", "metal sheet", "metal surface", "steel sheet"),
    "fabric": ("fabric", "cloth", "woven fabric", "textile"),
    "cork": ("cork", "cork sheet", "cork board"),
    "metal nut": ("metal nut", "nut", "hex nut", "steel nut"),
    "washer": ("washer", "metal washer", "flat washer"),
    "gear": ("gear", "gear wheel", "cog", "metal gear"),
    "capsule": ("capsule", "drug capsule", "medicine capsule"),
    "bottle cap": ("bottle cap", "crown cap", "cap"),
    "circuit board": ("circuit board", "printed circuit board", "pcb", "electronic board"),
    "screw": ("screw", "wood screw", "metal screw"),
    "hazelnut": ("hazelnut", "brown hazelnut"),
}

# Words that say only that there is something, and words without a meaning to the model (their
# rows stay zero): "object" and any unknown noun read the same.
ANY_OBJECT = (
    "object",
    "object",
    "object",
    "item",
    "part",
    "product",
    "component",
    "surface",
    "texture",
    "material",
)
NO_MEANING = ("ukulele", "tortoise", "galaxy ukulele", "tortoise galaxy")

PUBLISHED_NORMAL = (
    "{}",
    "flawless {}",
    "perfect {}",
    "unblemished {}",
    "{} without flaw",
    "{} without defect",
    "{} without damage",
)
PUBLISHED_DAMAGED = (
    "damaged {}",
    "broken {}",
    "{} with flaw",
    "{} with defect",
    "{} with damage",
)
NORMAL = (
    "good {}", "normal {}", "intact {}", "pristine {}", "clean {}", "new {}", "brand new {}",
    "undamaged {}", "spotless {}", "faultless {}", "immaculate {}", "fine {}", "healthy {}",
    "ok {}",
    "complete {}", "smooth {}", "regular {}", "acceptable {}", "{} in good condition",
    "{} in perfect condition",
    "{} without defects", "{} without any defect", "{} without flaws", "{} without any damage",
    "{} without scratches", "{} without cracks", "{} without stains", "{} without holes",
    "{} with no defect", "{} with no damage", "{} with no flaw", "high quality {}",
    "defect free {}",
)  # fmt: skip
DAMAGED = (
    "defective {}", "faulty {}", "flawed {}", "bad {}", "abnormal {}", "anomalous {}",
    "imperfect {}",
    "spoiled {}", "blemished {}", "ruined {}", "{} with a defect", "{} with a flaw",
    "{} with an anomaly",
    "{} with defects", "{} with flaws", "{} with some damage", "{} with a fault",
    "{} in bad condition",
    "{} in poor condition", "defect on the {}", "damage on the {}", "low quality {}",
    "unacceptable {}",
)  # fmt: skip

# Per defect: words before the object, and nouns that the object has.
ADJECTIVES: dict[str, tuple[str, ...]] = {
    "scratch": ("scratched", "scraped", "scuffed"),
    "crack": ("cracked", "fractured", "split"),
    "hole": ("punctured", "pierced", "perforated"),
    "stain": ("stained", "discolored", "soiled"),
    "contamination": ("contaminated", "dirty"),
    "cut": ("cut", "slit", "slashed"),
    "dent": ("dented",),
    "rust": ("rusty", "rusted", "corroded"),
    "burn": ("burnt", "burned", "scorched"),
    "loose thread": ("frayed",),
    "glue": ("glued",),
    "bent": ("bent", "deformed", "crooked", "misaligned"),
    "missing part": ("incomplete", "chipped"),
    "misprint": ("misprinted", "badly printed"),
    "squeeze": ("squeezed", "crushed", "squashed", "pinched"),
    "damaged thread": ("stripped",),
}
NOUNS: dict[str, tuple[str, ...]] = {
    "scratch": ("a scratch", "scratches", "a scrape"),
    "crack": ("a crack", "cracks", "a fracture"),
    "hole": ("a hole", "holes", "a puncture", "a pit"),
    "stain": ("a stain", "stains", "a spot", "a liquid stain", "discoloration"),
    "contamination": (
        "contamination", "dirt", "a foreign particle", "foreign particles", "debris", "a fibre",
        "a fiber", "a foreign body",
    ),
    "cut": ("a cut", "cuts", "a slit"),
    "dent": ("a dent", "dents"),
    "rust": ("rust", "rust spots", "a rust spot", "corrosion", "oxidation"),
    "burn": ("a burn", "a burn mark", "burn marks", "a scorch mark"),
    "loose thread": ("a loose thread", "a thread", "a pulled thread", "loose threads"),
    "glue": ("glue", "a glue spot", "a drop of glue", "adhesive", "glue residue"),
    "bent": ("a bent edge", "a bent part", "a bend", "a deformation", "bent parts"),
    "missing part": ("a missing part", "a missing piece", "missing parts", "a chip",
        "a chipped edge", "something missing"),
    "misprint": ("a misprint", "a bad print", "a faulty imprint", "a smeared print",
        "a print defect"),
    "squeeze": ("a squeeze", "a squeezed side"),
    "damaged thread": ("a damaged thread", "thread damage", "a stripped thread",
        "a crushed thread"),
}  # fmt: skip
SPECIAL: dict[tuple[str, str], tuple[str, ...]] = {
    ("gear", "missing part"): ("{} with a missing tooth", "{} with a broken tooth",
        "{} with missing teeth"),
    ("gear", "bent"): ("{} with a bent tooth", "{} with bent teeth"),
    ("grid", "bent"): ("{} with a bent wire", "{} with bent wires"),
    ("grid", "missing part"): ("{} with a broken wire", "{} with a missing wire"),
    ("circuit board", "missing part"): ("{} with a missing component",
        "{} with missing components"),
    ("circuit board", "bent"): ("{} with a misplaced component", "{} with a bent component",
        "{} with a crooked component"),
    ("metal nut", "missing part"): ("{} with a missing corner", "{} with a broken corner"),
    ("metal nut", "bent"): ("{} with a bent corner", "{} with a flattened corner"),
    ("screw", "bent"): ("{} with a bent shank", "{} with a bent tip"),
    ("screw", "missing part"): ("{} with a missing tip", "short {}", "{} with a broken tip"),
    ("bottle cap", "bent"): ("{} with a bent rim", "{} with a bent edge"),
    ("washer", "bent"): ("{} with a bent rim", "{} with a flattened edge"),
    ("hazelnut", "missing part"): ("{} with a broken shell", "{} with a missing piece of shell"),
    ("capsule", "missing part"): ("{} with a broken end", "open {}"),
    ("bottle cap", "misprint"): ("{} with a bad logo", "{} with a smeared logo"),
}  # fmt: skip

TEMPLATES_WINCLIP = tuple(
    f"{text}."
    for pair in (
        ("a cropped photo of {} {{}}"),
        ("a close-up photo of {} {{}}"),
        ("a bright photo of {} {{}}"),
        ("a dark photo of {} {{}}"),
        ("a jpeg corrupted photo of {} {{}}"),
        ("a blurry photo of {} {{}}"),
        ("a photo of {} {{}}"),
        ("a photo of {} small {{}}"),
        ("a photo of {} large {{}}"),
        ("a photo of {} {{}} for visual inspection"),
        ("a photo of {} {{}} for anomaly detection"),
    )
    for text in (pair.format("a"), pair.format("the"))
)
APRIL_PAIRS = tuple(
    f"{text}."
    for pattern in (
        "a bad photo of {} {{}}", "a low resolution photo of {} {{}}",
        "a cropped photo of {} {{}}",
        "a bright photo of {} {{}}", "a dark photo of {} {{}}", "a photo of {} cool {{}}",
        "a close-up photo of {} {{}}", "a black and white photo of {} {{}}",
        "a jpeg corrupted photo of {} {{}}", "a blurry photo of {} {{}}", "a photo of {} {{}}",
        "a good photo of {} {{}}", "a photo of {} large {{}}", "a photo of {} small {{}}",
        "there is {} {{}} in the scene", "this is {} {{}} in the scene",
    )
    for text in (pattern.format("a"), pattern.format("the"))
)  # fmt: skip
APRIL_SINGLE = ("a photo of my {}.", "a photo of one {}.", "this is one {} in the scene.")
TEMPLATES_APRIL = (*APRIL_PAIRS, *APRIL_SINGLE)
TEMPLATES_PLAIN = ("{}", "{}.", "a {}.", "the {}.", "an image of {}.", "a picture of a {}.",
    "a macro photo of the {}.",
                   "an inspection photo of a {}.", "a microscope image of a {}.",
                   "a grayscale photo of a {}.",
                   "a top view of the {}.", "a photo of an {}.")  # fmt: skip
TEMPLATES = TEMPLATES_WINCLIP + TEMPLATES_APRIL + TEMPLATES_PLAIN


def defect_phrases(object_name: str, defect: str) -> tuple[str, ...]:
    """Every phrase for one defect of one object; `{}` is the object."""
    words = [f"{adjective} {{}}" for adjective in ADJECTIVES[defect]]
    for noun in NOUNS[defect]:
        bare = noun.removeprefix("a ")
        words += [
            f"{{}} with {noun}",
            f"{bare} on the {{}}",
            f"{noun} on a {{}}",
            f"{bare} in the {{}}",
        ]
    words += [f"{{}} with {defect}", f"{defect} {{}}", f"{{}} with {defect} defect"]
    return tuple(words) + SPECIAL.get((object_name, defect), ()) * 3


def own_words(object_name: str, defect: str) -> tuple[str, ...]:
    """The few phrases that a spec would give this defect: what naming is measured with."""
    return (
        f"{ADJECTIVES[defect][0]} {{}}",
        f"{{}} with {NOUNS[defect][0]}",
        *SPECIAL.get((object_name, defect), ())[:1],
    )


def every_text() -> list[str]:
    """Each list of words once, so that their tokens and words can be counted."""
    texts = [*ANY_OBJECT, *TEMPLATES, *PUBLISHED_NORMAL, *PUBLISHED_DAMAGED, *NORMAL, *DAMAGED]
    for name in TRAINED:
        texts += NAMES[name]
    for defect in ALL_DEFECTS:
        texts += [text for name in TRAINED for text in defect_phrases(name, defect)]
    return list(dict.fromkeys(texts))

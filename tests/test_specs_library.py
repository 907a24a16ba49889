"""The specs that ship with promptdsl: published lists string for string, ready specs in order."""

import re
from functools import cache
from pathlib import Path

import pytest

from promptdsl.pipeline import compile_file
from promptdsl.plan.model import ObjectPlan, Prompt
from promptdsl.resources import standard_library

NORMAL = "{}, flawless {}, perfect {}, unblemished {}, {} without flaw/defect/damage"
ANOMALOUS = "damaged {}, {} with flaw/defect/damage"
WINCLIP = (
    "a cropped photo of the/a {}., a close-up photo of a/the {}., a bright photo of a/the {}., "
    "a dark photo of the/a {}., a jpeg corrupted photo of a/the {}., a blurry photo of the/a {}., "
    "a photo of a/the {}., a photo of a/the small {}., a photo of a/the large {}., "
    "a photo of the/a {} for visual inspection., a photo of the/a {} for anomaly detection."
)
ANOMALIB = WINCLIP.replace("cropped photo of the/a", "cropped photo of the").replace(
    "corrupted photo of a/the", "corrupted photo of the/the"
)
APRIL_GAN = (
    "a bad photo of a/the {}., a low resolution photo of the/a {}., a cropped photo of the/a {}., "
    "a bright photo of a/the {}., a dark photo of the/a {}., a photo of my {}., "
    "a photo of the/a cool {}., a close-up photo of a/the {}., "
    "a black and white photo of the/a {}., a jpeg corrupted photo of a/the {}., "
    "a blurry photo of the/a {}., a photo of the/a {}., a good photo of the/a {}., "
    "a photo of one {}., a photo of a/the large {}., a photo of the/a small {}., "
    "there is a/the {} in the scene., this is a/the {} in the scene., this is one {} in the scene."
)

STATES = (
    "scratch crack chip breakage dent hole cut tear contamination dust stain oil glue liquid leak "
    "discoloration bent deformation squeezed fold missing extra misplaced flipped misprint melted "
    "burnt corrosion wear rough burr bubble thread peeling"
)

# the data sets' own names: MVTec AD's test folders, VisA's annotations with _ for spaces
DEFECTS = {
    "mvtec/bottle": "broken_large broken_small contamination",
    "mvtec/cable": "bent_wire cable_swap combined cut_inner_insulation cut_outer_insulation "
    "missing_cable missing_wire poke_insulation",
    "mvtec/capsule": "crack faulty_imprint poke scratch squeeze",
    "mvtec/carpet": "color cut hole metal_contamination thread",
    "mvtec/grid": "bent broken glue metal_contamination thread",
    "mvtec/hazelnut": "crack cut hole print",
    "mvtec/leather": "color cut fold glue poke",
    "mvtec/metal_nut": "bent color flip scratch",
    "mvtec/pill": "color combined contamination crack faulty_imprint pill_type scratch",
    "mvtec/screw": "manipulated_front scratch_head scratch_neck thread_side thread_top",
    "mvtec/tile": "crack glue_strip gray_stroke oil rough",
    "mvtec/toothbrush": "defective",
    "mvtec/transistor": "bent_lead cut_lead damaged_case misplaced",
    "mvtec/wood": "color combined hole liquid scratch",
    "mvtec/zipper": "broken_teeth combined fabric_border fabric_interior rough split_teeth "
    "squeezed_teeth",
    "visa/candle": "chunk_of_wax_missing damaged_corner_of_packaging different_colour_spot "
    "extra_wax_in_candle foreign_particals_on_candle wax_melded_out_of_the_candle "
    "weird_candle_wick",
    "visa/capsules": "bubble discolor leak misshape scratch",
    "visa/cashew": "burnt corner_or_edge_breakage different_colour_spot middle_breakage "
    "same_colour_spot small_holes small_scratches stuck_together",
    "visa/chewinggum": "chunk_of_gum_missing corner_missing scratches similar_colour_spot "
    "small_cracks",
    "visa/fryum": "burnt corner_or_edge_breakage different_colour_spot fryum_stuck_together "
    "middle_breakage similar_colour_spot small_scratches",
    "visa/macaroni1": "chip_around_edge_and_corner different_colour_spot middle_breakage "
    "similar_colour_spot small_cracks small_scratches",
    "visa/macaroni2": "breakage_down_the_middle color_spot_similar_to_the_object "
    "different_color_spot small_chip_around_edge small_cracks small_scratches",
    "visa/pcb1": "bent melt missing scratch",
    "visa/pcb2": "bent melt missing scratch",
    "visa/pcb3": "bent melt missing scratch",
    "visa/pcb4": "burnt damage dirt extra missing scratch wrong_place",
    "visa/pipe_fryum": "burnt corner_and_edge_breakage different_colour_spot middle_breakage "
    "similar_colour_spot small_cracks small_scratches stuck_together",
}
EVERY_SPEC = sorted(
    path.relative_to(standard_library()).with_suffix("").as_posix()
    for path in standard_library().glob("*/*.inspect")
)


def spelled_out(notation: str) -> list[str]:
    """`a photo of a/the {}.` stands for two entries; `{}` becomes `{object}`."""
    entries = []
    for entry in notation.split(", "):
        choice = re.search(r"\w+(/\w+)+", entry)
        words = choice.group().split("/") if choice else [""]
        entries += [entry.replace(choice.group(), word) if choice else entry for word in words]
    return [entry.replace("{}", "{object}") for entry in entries]


def compiled(path: Path) -> tuple[ObjectPlan, list[str]]:
    """The only object of a spec, and the codes of everything that was said about the spec."""
    compilation = compile_file(path)
    codes = [diagnostic.code for diagnostic in compilation.report]
    assert compilation.ok, codes
    (single,) = compilation.plan().objects
    return single, codes


@cache
def ready(name: str) -> ObjectPlan:
    """The object of a shipped spec."""
    return compiled(standard_library() / f"{name}.inspect")[0]


def ensemble(folder: Path, profile: str) -> tuple[ObjectPlan, list[str]]:
    """An object whose words and templates are those of a profile, and nothing else."""
    spec = folder / "part.inspect"
    spec.write_text(
        f'inspect 1\nuse "std/{profile}" as std\nobject part {{\n'
        "  normal { include std.normal }\n  defect any { include std.anomalous }\n"
        "  templates { include std.photos }\n}\n",
        encoding="utf-8",
    )
    return compiled(spec)


def phrases(prompts: tuple[Prompt, ...], label: str) -> list[str]:
    """The phrases under a label, in order, each once."""
    return list(dict.fromkeys(prompt.phrase for prompt in prompts if prompt.label == label))


def templates(prompts: tuple[Prompt, ...]) -> list[str]:
    """The templates in order, doubled ones included."""
    first = prompts[0].phrase
    return [prompt.template for prompt in prompts if prompt.phrase == first]


@pytest.mark.parametrize(
    ("profile", "anomalous", "photos", "size"),
    [
        ("winclip", ANOMALOUS, WINCLIP, (7, 4, 22)),
        ("anomalib", ANOMALOUS, ANOMALIB, (7, 4, 21)),
        ("april_gan", f"damaged {{}}, broken {{}}, {ANOMALOUS[12:]}", APRIL_GAN, (7, 5, 35)),
    ],
)
def test_profile_is_the_published_list(
    tmp_path: Path, profile: str, anomalous: str, photos: str, size: tuple[int, int, int]
) -> None:
    prompts = ensemble(tmp_path, profile)[0].prompts
    found = phrases(prompts, "normal"), phrases(prompts, "anomalous"), templates(prompts)
    assert tuple(map(len, found)) == size
    assert found[0] == spelled_out(NORMAL)
    assert found[1] == spelled_out(anomalous)
    assert sorted(found[2]) == sorted(spelled_out(photos))
    assert len(prompts) == (size[0] + size[1]) * size[2]


@pytest.mark.parametrize(("profile", "photos"), [("winclip", WINCLIP), ("anomalib", ANOMALIB)])
def test_templates_stand_in_the_published_order(tmp_path: Path, profile: str, photos: str) -> None:
    assert templates(ensemble(tmp_path, profile)[0].prompts) == spelled_out(photos)


def test_april_gan_templates_stand_in_the_published_order(tmp_path: Path) -> None:
    found = templates(ensemble(tmp_path, "april_gan")[0].prompts)
    assert found[:4] == [
        "a bad photo of a {object}.",
        "a low resolution photo of the {object}.",
        "a bad photo of the {object}.",
        "a cropped photo of the {object}.",
    ]
    assert found[28:31] == [
        "a photo of a cool {object}.",
        "a photo of a small {object}.",
        "there is a {object} in the scene.",
    ]


def test_only_the_doubled_profile_is_warned_of(tmp_path: Path) -> None:
    assert ensemble(tmp_path, "winclip")[1] == []
    assert ensemble(tmp_path, "april_gan")[1] == []
    doubled = "a jpeg corrupted photo of the {object}."
    found, codes = ensemble(tmp_path, "anomalib")
    assert codes and templates(found.prompts).count(doubled) == 2


def test_library_holds_every_category_and_nothing_else() -> None:
    std = ["std/winclip", "std/anomalib", "std/april_gan", "std/states"]
    assert sorted([*std, *DEFECTS]) == EVERY_SPEC
    assert sum(name.startswith("mvtec/") for name in EVERY_SPEC) == 15
    assert sum(name.startswith("visa/") for name in EVERY_SPEC) == 12


@pytest.mark.parametrize("name", EVERY_SPEC)
def test_spec_compiles_without_a_warning(name: str) -> None:
    compilation = compile_file(standard_library() / f"{name}.inspect")
    assert [diagnostic.message for diagnostic in compilation.report] == []
    assert compilation.ok


@pytest.mark.parametrize("name", DEFECTS)
def test_ready_spec_covers_the_defects_of_its_category(name: str) -> None:
    part = ready(name)
    assert part.name == name.split("/")[1]
    assert sorted(part.defects) == sorted([*DEFECTS[name].split(), "other"])


@pytest.mark.parametrize("name", DEFECTS)
def test_ready_spec_adds_its_own_words_to_the_published_ones(name: str) -> None:
    part = ready(name)
    normal = phrases(part.prompts, "normal")
    assert normal[:7] == spelled_out(NORMAL) and 2 <= len(normal[7:]) <= 4
    for defect in part.defects:
        words = {prompt.phrase for prompt in part.prompts if prompt.defect == defect}
        expected = len(spelled_out(ANOMALOUS)) if defect == "other" else range(2, 6)
        assert len(words) == expected if isinstance(expected, int) else len(words) in expected
    assert templates(part.prompts) == spelled_out(WINCLIP)
    assert len({prompt.text for prompt in part.prompts}) == len(part.prompts)


@pytest.mark.parametrize("name", DEFECTS)
def test_own_words_stay_unique_beside_any_profile(name: str) -> None:
    """Whoever swaps the profile for APRIL-GAN's, with its "broken", gets no doubled prompt."""
    own = [prompt.phrase for prompt in ready(name).prompts if prompt.defect != "other"]
    assert "broken {object}" not in own


@pytest.mark.parametrize("name", DEFECTS)
def test_own_words_read_well_in_the_templates(name: str) -> None:
    published = {*spelled_out(NORMAL), *spelled_out(ANOMALOUS)}
    for prompt in ready(name).prompts:
        if prompt.phrase not in published:
            assert not re.search(r"\ba [aeiou]|\ban [^aeiou]|  ", prompt.text), prompt.text


@pytest.mark.parametrize("name", DEFECTS)
def test_ready_spec_runs_winclip_as_published(name: str) -> None:
    method = ready(name).method
    assert (method.name, method.model) == ("winclip", ("ViT-B-16-plus-240", "laion400m_e31"))
    assert method.settings["windows"] == ("image", "2x2", "3x3")
    assert method.settings["temperature"] == 0.07
    assert method.settings["references"] == ()


def test_state_words_can_all_be_combined(tmp_path: Path) -> None:
    defects = "".join(f"  defect {name} {{ include states.{name} }}\n" for name in STATES.split())
    spec = tmp_path / "part.inspect"
    spec.write_text(
        'inspect 1\nuse "std/states" as states\nuse "std/winclip" as std\nobject part {\n'
        f"  normal {{\n    include std.normal\n    include states.flawless_more\n  }}\n{defects}"
        "  defect other { include std.anomalous }\n"
        '  templates { "a photo of the {object}." }\n}\n',
        encoding="utf-8",
    )
    part, codes = compiled(spec)
    assert codes == []
    assert len({prompt.text for prompt in part.prompts}) == len(part.prompts)
    for name in STATES.split():
        assert 4 <= sum(prompt.defect == name for prompt in part.prompts) <= 8, name

"""I211: phrases times templates beyond what any ensemble needs, refused before it is expanded.

Why: the published ensembles have a few hundred prompts; a slip with includes makes millions.
"""

from promptdsl.check.context import Context
from promptdsl.check.resolve.modules import Module
from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.ast import ObjectDef
from promptdsl.spec import ObjectSpec

MAX_PROMPTS = 20_000
MAX_PROMPTS_OF_ALL = 200_000
MAX_OBJECTS = 2_000
_SEVERAL = "put the objects into several specs"
MAX_LETTERS = 20_000_000  # of all prompts together; a prompt has about sixty


def few_objects(module: Module, report: Report) -> tuple[ObjectDef, ...]:
    """The objects of a file as far as they are looked at; more than that is an error."""
    objects = module.file.objects
    if len(objects) > MAX_OBJECTS:
        message = f"this file has {len(objects):,} objects, and the limit is {MAX_OBJECTS:,}"
        report.error("I211", objects[MAX_OBJECTS].head, message, help=_SEVERAL)
    return objects[:MAX_OBJECTS]


def too_many_prompts(context: Context) -> None:
    """Bound the ensemble of each object and of the whole spec."""
    for item in context.objects:
        count = item.prompt_count
        if count > MAX_PROMPTS:
            states = count // max(1, len(item.templates))
            context.report.error(
                "I211", item.head,
                f"object {item.name} would have {count:,} prompts ({states:,} phrases times "
                f"{len(item.templates):,} templates), and the limit is {MAX_PROMPTS:,}",
                help="use fewer phrases or templates; a few hundred prompts are plenty",
            )  # fmt: skip
    total = sum(item.prompt_count for item in context.objects)
    if total > MAX_PROMPTS_OF_ALL:
        message = f"the objects of this spec would have {total:,} prompts together, and the limit "
        message += f"is {MAX_PROMPTS_OF_ALL:,}"
        context.report.error("I211", context.spec.objects[-1].head, message, help=_SEVERAL)
        return
    letters = 0
    for item in context.objects:
        letters += letter_count(item)
        if letters > MAX_LETTERS:
            context.report.error(
                "I211", item.head,
                f"with object {item.name} the prompts of this spec would have {letters:,} letters, "
                f"and the limit is {MAX_LETTERS:,}",
                help="say it in fewer words: a model reads about 300 letters of a prompt",
            )  # fmt: skip
            return


def letter_count(item: ObjectSpec) -> int:
    """How many letters the prompts of an object will have together, without expanding them."""
    phrases = [*item.normal, *(phrase for defect in item.defects for phrase in defect.phrases)]
    spoken = sum(len(phrase.text) + len(item.called) for phrase in phrases)
    framed = sum(len(template.text) for template in item.templates)
    return spoken * len(item.templates) + framed * len(phrases)


def small_enough(context: Context) -> bool:
    """Whether the ensembles may be expanded."""
    counts = [item.prompt_count for item in context.objects]
    if max(counts, default=0) > MAX_PROMPTS or sum(counts) > MAX_PROMPTS_OF_ALL:
        return False
    return sum(map(letter_count, context.objects)) <= MAX_LETTERS

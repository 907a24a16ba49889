"""Check one spec: files, names, inheritance, settings, then every check in CHECKS, in order."""

from collections.abc import Callable

from promptdsl.check.context import Context, readable_texts_only
from promptdsl.check.faults.another_language import another_language
from promptdsl.check.faults.called_as_written import called_as_written
from promptdsl.check.faults.claims_without_samples import claims_without_samples
from promptdsl.check.faults.costly_picture import costly_picture
from promptdsl.check.faults.duplicate_names import duplicate_names
from promptdsl.check.faults.duplicate_prompts import duplicate_prompts
from promptdsl.check.faults.foreign_weights import foreign_weights
from promptdsl.check.faults.good_and_bad import good_and_bad
from promptdsl.check.faults.ill_fitting_settings import ill_fitting_settings
from promptdsl.check.faults.long_prompts import long_prompts
from promptdsl.check.faults.misspelt_placeholder import misspelt_placeholder
from promptdsl.check.faults.no_defect import no_defect
from promptdsl.check.faults.one_sided_rule import one_sided_rule
from promptdsl.check.faults.places.idle_picture_lines import idle_picture_lines
from promptdsl.check.faults.places.nothing_left import nothing_left
from promptdsl.check.faults.places.on_the_picture import on_the_picture
from promptdsl.check.faults.places.place_files import place_files
from promptdsl.check.faults.places.too_small_to_see import too_small_to_see
from promptdsl.check.faults.places.unit_without_scale import unit_without_scale
from promptdsl.check.faults.places.unknown_region import unknown_region
from promptdsl.check.faults.places.unnamed_spots import unnamed_spots
from promptdsl.check.faults.sample_paths import sample_paths
from promptdsl.check.faults.swapped_words import swapped_words
from promptdsl.check.faults.too_many_prompts import few_objects, small_enough, too_many_prompts
from promptdsl.check.faults.unknown_to_builtin import unknown_to_builtin
from promptdsl.check.faults.unreachable_rule import unreachable_rule
from promptdsl.check.faults.unused_use import unused_use
from promptdsl.check.faults.window_larger_than_grid import window_larger_than_grid
from promptdsl.check.faults.words_without_effect import words_without_effect
from promptdsl.check.faults.wrong_article import wrong_article
from promptdsl.check.resolve.lists import Budget, Resolver
from promptdsl.check.resolve.lower import lower
from promptdsl.check.resolve.modules import Library
from promptdsl.check.resolve.objects import ObjectResolver
from promptdsl.source import SourceFile
from promptdsl.spec import ObjectSpec, Spec

Check = Callable[[Context], None]


def of_each_object(check: Callable[[Context, ObjectSpec], None]) -> Check:
    """A check of single objects as one of the whole spec."""

    def of_all(context: Context) -> None:
        for item in context.spec.objects:
            check(context, item)

    return of_all


CHECKS: tuple[Check, ...] = (
    misspelt_placeholder,
    called_as_written,
    duplicate_names,
    *map(of_each_object, (no_defect, window_larger_than_grid, ill_fitting_settings)),
    *map(of_each_object, (foreign_weights, unreachable_rule, one_sided_rule)),
    *map(of_each_object, (words_without_effect, claims_without_samples)),
    unknown_region,
    *map(of_each_object, (unnamed_spots, unit_without_scale, idle_picture_lines, nothing_left)),
    sample_paths,
    place_files,
    *map(of_each_object, (on_the_picture, costly_picture, too_small_to_see)),
    too_many_prompts,
    unused_use,
)
# These look at expanded ensembles, which too_many_prompts must have allowed.
ENSEMBLE_CHECKS: tuple[Check, ...] = (
    *map(of_each_object, (duplicate_prompts, good_and_bad)),
    swapped_words,
    *map(of_each_object, (wrong_article, long_prompts)),
    unknown_to_builtin,
    another_language,
)


def check(source: SourceFile, library: Library) -> Spec:
    """The Spec of a file; every mistake is in the library's report."""
    root = library.root(source)
    budget = Budget(library.report)
    resolver = Resolver(library.report, budget)
    objects = ObjectResolver(library.report, resolver, budget)
    for module in list(library.modules()):
        if not module.standard:
            for named in module.file.lists:
                resolver.count(named, module)
    lowered = tuple(
        lower(objects.resolve(definition, root), library, resolver)
        for definition in few_objects(root, library.report)
    )
    spec = Spec(source.name, root.file.version, lowered, dict(library.plan_names))
    context = Context(spec, root, library)
    for run in CHECKS:
        run(context)
    if small_enough(context):
        whole = Context(readable_texts_only(spec), root, library)
        for run in ENSEMBLE_CHECKS:
            run(whole)
    return spec

"""Whether a plan that came from a file can be what the compiler makes of a spec.

The compiler's own plans are right by construction; a file may be damaged or forged with a right
hash. What is in range here cannot make the runtime fail in a way that it does not tell.
"""

import math
import re
from collections.abc import Iterator

from promptdsl.methods import BUILTIN_MODEL, Field, Method, Setting
from promptdsl.plan.model import AreaRule, MethodPlan, ObjectPlan, Plan, ScoreRule, SpotRule

MAX_NAME = 300
MAX_PATH = 4_096
MAX_BLOCK = 256
_WINDOW = re.compile(r"image|[1-9][0-9]{0,3}x[1-9][0-9]{0,3}")
_PARTS = {"builtin": 1, "open_clip": 2, "files": 2}


def check_plan(plan: Plan) -> None:
    """ValueError naming what is wrong. Settings are checked where the method is known."""
    for fault in _faults(plan):
        raise ValueError(fault)


def _faults(plan: Plan) -> Iterator[str]:
    names = [item.name for item in plan.objects]
    if not names or len(set(names)) != len(names):
        yield "it has no objects" if not names else "two objects have one name"
    for item in plan.objects:
        name, method = item.name, item.method
        if not 0 < len(name) <= MAX_NAME or "/" in name or "\0" in name:
            yield "an object has no usable name"
        for prompt in item.prompts:
            if (prompt.defect is None) != (prompt.label == "normal"):
                yield f"{name}: a prompt is {prompt.label} and has the wrong defect"
        for what, value in _shares(item):
            if value is not None and not 0 <= value <= 1:  # false for NaN
                yield f"{name}: {what} is {value:g}, which is not between 0 and 1"
        if len(method.model) != _PARTS[method.model_kind]:
            yield f"{name}: its model has {len(method.model)} names"
        if method.model_kind == "builtin" and method.model != (BUILTIN_MODEL,):
            yield f"{name}: there is no such built-in model"
        if not all(_is_path(part) for part in method.model):
            yield "it names a file that no system could have"


def _shares(item: ObjectPlan) -> Iterator[tuple[str, float | None]]:
    """Everything of an object that must lie in [0, 1]."""
    for rule in item.thresholds:
        if isinstance(rule, AreaRule | SpotRule):
            yield "the score of a rule about areas", rule.above
        if isinstance(rule, AreaRule) and rule.unit == "%":
            yield "the area of a rule", rule.share
        if isinstance(rule, SpotRule) and rule.unit == "%":
            yield "the area of a rule", rule.at
        if isinstance(rule, ScoreRule):
            yield "the score of a rule", rule.at
    for test in item.tests:
        yield "a test's share", test.share


def _is_path(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_PATH and "\0" not in value


def check_settings(plan: MethodPlan, method: Method) -> None:
    """ValueError unless the settings are all that the method has, each within its range."""
    fields = {field.name: field for field in method.fields if field.name != "model"}
    missing = next((name for name in fields if name not in plan.settings), None)
    if missing is not None:
        raise ValueError(f"{missing} of method {method.name} is missing")
    for name, value in plan.settings.items():
        if name not in fields:
            raise ValueError(f"method {method.name} has no setting {name[:60]}")
        field = fields[name]
        if value is None and (field.default is None or field.kind == "pixels"):
            continue  # the model's own size, or there is none
        if not _fits(value, field):
            raise ValueError(f"{name} of method {method.name} is {str(value)[:60]}")


def _fits(value: Setting, field: Field) -> bool:
    if field.kind in ("count", "number", "pixels"):
        whole = field.kind == "count" or field.name == "image_size"
        return _is_number(value, whole) and _in_range(value, field)
    if field.kind == "choice":
        return value in field.choices
    if field.kind == "file":
        return _is_path(value)
    if not isinstance(value, tuple):
        return False
    if field.kind == "windows":
        return all(isinstance(v, str) and _WINDOW.fullmatch(v) for v in value)
    if field.kind == "blocks":
        return bool(value) and all(_is_number(v, True) and 1 <= v <= MAX_BLOCK for v in value)  # type: ignore[operator]
    return all(v == "" or _is_path(v) for v in value)


def _is_number(value: object, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) if whole else math.isfinite(value)


def _in_range(value: Setting, field: Field) -> bool:
    assert isinstance(value, int | float)
    low, high = field.minimum, field.maximum
    if low is not None and (value < low or (field.minimum_excluded and value <= low)):
        return False
    return high is None or value <= high

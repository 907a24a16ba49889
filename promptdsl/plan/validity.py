"""Whether a plan that came from a file can be what the compiler makes of a spec.

The compiler's own plans are right by construction; a file may be damaged or forged with a right
hash. What is in range here cannot make the runtime fail in a way that it does not tell.
"""

import math
import re

from promptdsl.methods import BUILTIN_MODEL, Field, Method, Setting
from promptdsl.plan.model import AreaRule, MethodPlan, ObjectPlan, Plan, Rule

MAX_NAME = 300
MAX_PATH = 4_096
MAX_BLOCK = 256
_WINDOW = re.compile(r"image|[1-9][0-9]{0,3}x[1-9][0-9]{0,3}")
_PARTS = {"builtin": 1, "open_clip": 2, "files": 2}


def check_plan(plan: Plan) -> None:
    """ValueError naming what is wrong. Settings are checked where the method is known."""
    names = [item.name for item in plan.objects]
    if not names or len(set(names)) != len(names):
        raise ValueError("it has no objects" if not names else "two objects have one name")
    for item in plan.objects:
        if not 0 < len(item.name) <= MAX_NAME or "/" in item.name or "\0" in item.name:
            raise ValueError("an object has no usable name")
        _check_object(item)


def _check_object(item: ObjectPlan) -> None:
    for prompt in item.prompts:
        if (prompt.defect is None) != (prompt.label == "normal"):
            raise ValueError(f"{item.name}: a prompt is {prompt.label} and has the wrong defect")
    for rule in item.thresholds:
        _check_rule(rule, item.name)
    for test in item.tests:
        _share(test.share, f"{item.name}: a test's share")
    _check_model(item.method, item.name)


def _check_rule(rule: Rule, name: str) -> None:
    if isinstance(rule, AreaRule):
        _share(rule.above, f"{name}: the score of a rule about areas")
        _share(rule.share, f"{name}: the area of a rule")
    else:
        _share(rule.at, f"{name}: the score of a rule")


def _share(value: float | None, what: str) -> None:
    if value is not None and not 0 <= value <= 1:  # false for NaN
        raise ValueError(f"{what} is {value:g}, which is not between 0 and 1")


def _check_model(method: MethodPlan, name: str) -> None:
    if len(method.model) != _PARTS[method.model_kind]:
        raise ValueError(f"{name}: its model has {len(method.model)} names")
    if method.model_kind == "builtin" and method.model != (BUILTIN_MODEL,):
        raise ValueError(f"{name}: there is no such built-in model")
    for part in method.model:
        _path(part)


def _path(text: str) -> None:
    if not 0 < len(text) <= MAX_PATH or "\0" in text:
        raise ValueError("it names a file that no system could have")


def check_settings(plan: MethodPlan, method: Method) -> None:
    """ValueError unless the settings are all that the method has, each within its range."""
    fields = {field.name: field for field in method.fields if field.name != "model"}
    missing = next((name for name in fields if name not in plan.settings), None)
    if missing is not None:
        raise ValueError(f"{missing} of method {method.name} is missing")
    for name, value in plan.settings.items():
        if name not in fields:
            raise ValueError(f"method {method.name} has no setting {name[:60]}")
        if value is None and _may_be_none(fields[name]):
            continue
        if not _fits(value, fields[name]):
            raise ValueError(f"{name} of method {method.name} is {str(value)[:60]}")


def _may_be_none(field: Field) -> bool:
    """None means the model's own size, or that there is none."""
    return field.default is None or field.kind == "pixels"


def _fits(value: Setting, field: Field) -> bool:
    if field.kind in ("count", "number", "pixels"):
        whole = field.kind == "count" or field.name == "image_size"
        return _is_number(value, whole) and _in_range(value, field)
    if field.kind == "choice":
        return value in field.choices
    if field.kind == "file":
        return isinstance(value, str) and 0 < len(value) <= MAX_PATH and "\0" not in value
    if not isinstance(value, tuple):
        return False
    if field.kind == "windows":
        return all(isinstance(v, str) and _WINDOW.fullmatch(v) for v in value)
    if field.kind == "blocks":
        return bool(value) and all(_is_number(v, True) and 1 <= v <= MAX_BLOCK for v in value)  # type: ignore[operator]
    return all(isinstance(v, str) and len(v) <= MAX_PATH and "\0" not in v for v in value)


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

"""Whether a spec holds: names resolved, faults found, the Spec made.

`promptdsl.check` is also a function for programs. Importing this package puts it in the function's
place, so it can be called like it.
"""

import os
import sys
from collections.abc import Iterable
from types import ModuleType


class _Callable(ModuleType):
    def __call__(
        self, spec: str | os.PathLike[str], *, allow: Iterable[str | os.PathLike[str]] = ()
    ) -> object:
        import promptdsl

        return promptdsl._check(spec, allow=allow)


sys.modules[__name__].__class__ = _Callable

"""I308: a used file that nothing refers to.

Why: it is usually the rest of an edit, and the reader looks for what it does.
"""

from promptdsl.check.context import Context


def unused_use(context: Context) -> None:
    """Report `use` lines of the author's files whose short name never occurs."""
    for module in context.library.modules():
        if module.standard or module.file.broken_uses:
            continue
        if any(d.severity == "error" and d.span.file == module.source.name for d in context.report):
            continue  # the line that needs it may be among those that were lost
        for alias, use in module.use_lines.items():
            if alias in module.imports and alias not in module.used_aliases:
                context.report.warning(
                    "I308", use.span, f"nothing in this file uses {alias}",
                    help=f"remove the line, or write include {alias}.NAME",
                )  # fmt: skip

"""What the official result document lists about a file, beside the findings."""

from gdac.check.context import Context

#: The official program writes its own text for the type, not the file's.
CANONICAL = {
    "P": "Argo profile",
    "B": "B-Argo profile",
    "T": "Argo trajectory",
    "BT": "B-Argo trajectory",
    "M": "Argo meta-data",
    "K": "Argo technical data",
}


def extracted(ctx: Context, *, format_passed: bool) -> tuple[tuple[str, str], ...]:
    """Keys and values in the order of the document.

    Args:
        ctx: the file.
        format_passed: whether its format is right, so that values may be relied upon.
    """
    del format_passed
    updated = ctx.dataset.text("DATE_UPDATE") if "DATE_UPDATE" in ctx.dataset else "null"
    return (
        ("dac", ctx.dac or ""),
        ("DATA_TYPE", CANONICAL[ctx.letter]),
        ("FORMAT_VERSION", ctx.raw_version),
        ("DATE_UPDATE", updated),
    )

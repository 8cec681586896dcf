"""Sizes in words."""


def human_size(size: float) -> str:
    """1536 -> '1.5 KB'."""
    for unit in ("bytes", "KB", "MB"):
        if abs(size) < 1024:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GB"

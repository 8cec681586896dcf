"""Sizes for people to read."""


def human_size(size: float) -> str:
    """Return a size in bytes with its unit: 1536 becomes '1.5 KB'."""
    for unit in ("bytes", "KB", "MB"):
        if abs(size) < 1024:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GB"

"""What the fields of inputs have to be, beyond their types."""

NOTES_BYTES = 200 * 1024


def is_not_blank(text: str) -> bool:
    return bool(text.strip())


def is_at_most_200_kilobytes(text: str) -> bool:
    """Characters alone would let four times as much in."""
    return len(text.encode("utf-8", "replace")) <= NOTES_BYTES

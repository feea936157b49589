"""What is to be printed. Apart from ``printed.py``, because that loads a whole press."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Document:
    """What is printed, in its order.

    ``rows`` are labels and values; ``code`` is what the square says, an address that shows the
    minimum; ``code_note`` stands beside it; ``notes`` stand at the end. ``made`` is written into
    the file's properties. Texts may be in any language of the font.
    """

    title: str
    subtitle: str
    rows: tuple[tuple[str, str], ...]
    code: str
    code_note: str
    notes: tuple[str, ...]
    made: datetime
    language: str = "zh-CN"

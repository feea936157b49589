"""What is evened out before a value is checked, and nothing more.

The tables are spelled out instead of calling ``str.upper`` or NFKC, because the same steps run in
SQL over millions of rows and must give the same characters there: ``translate(x, FROM, TO)`` and
``trim(x, SPACES)``.
"""

# Ends of cells as they come out of spreadsheets and scanned forms: tab, line ends, blank, no-break
# space, zero-width space, ideographic space, byte order mark.
SPACES = "\t\n\r \u00a0\u200b\u3000\ufeff"

# U+FF01..U+FF5E are the full-width forms of ASCII; U+3000 is the full-width blank.
FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
HALF_WIDTH = "".join(chr(code) for code in range(0x21, 0x7F)) + " "
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_HALF = str.maketrans(FULL_WIDTH, HALF_WIDTH)
_IDENTIFIER = str.maketrans(
    {
        **str.maketrans(FULL_WIDTH, HALF_WIDTH.translate(str.maketrans(LOWER, UPPER))),
        **str.maketrans(LOWER, UPPER),
        **dict.fromkeys(map(ord, SPACES)),
    }
)


def trimmed(raw: str) -> str:
    """``raw`` without ``SPACES`` at its ends."""
    return raw.strip(SPACES)


def half_width(raw: str) -> str:
    """``raw`` with full-width forms of ASCII made half-width."""
    return raw.translate(_HALF)


def identifier(raw: str) -> str:
    """``raw`` half-width, ASCII letters upper-case, and without ``SPACES`` anywhere.

    Blanks inside go too: people group long numbers. No other character is dropped, so that a number
    with rubbish in it stays refused.
    """
    return raw.translate(_IDENTIFIER)

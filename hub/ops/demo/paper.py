"""A paper as a scanner gives it: one page of PDF with a few lines of text."""

from collections.abc import Sequence

_HEIGHT, _TOP, _LINE = 842, 760, 28
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def pdf(lines: Sequence[str]) -> bytes:
    """A page with these lines, of ASCII without parentheses and backslashes."""
    text = b"".join(
        b"1 0 0 1 72 %d Tm (%b) Tj " % (_TOP - _LINE * number, line.encode("ascii"))
        for number, line in enumerate(lines)
    )
    content = b"BT /F1 16 Tf %bET" % text
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 %d] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>" % _HEIGHT
    )
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        _FONT,
    )
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)

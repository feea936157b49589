"""Papers to hand in: small real files of each kind, and bad ones named after what is wrong."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

from PIL import Image

_OFD = b"""<?xml version="1.0" encoding="UTF-8"?>
<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.0" DocType="OFD">
<ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID></ofd:DocInfo></ofd:DocBody></ofd:OFD>"""


def pdf(text: str = "Lease of the shop", *, size: int = 0) -> bytes:
    """One page with a text; ``size`` makes it that large, by a stream that nobody shows."""
    content = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %b >>"
        % b"/Resources << /Font << /F1 5 0 R >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    if size:
        filling = filler(size - 1200)
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(filling), filling))
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    ending = b"startxref\n%d\n%%%%EOF\n" % start
    if size:
        out += b"%" + filler(size - len(out) - len(ending) - 2) + b"\n"
    return bytes(out) + ending


def filler(size: int) -> bytes:
    """Bytes of which every sixteen are others, and none begins another kind of file."""
    return b"".join(b"<%014x>" % number for number in range(-(-size // 16)))[:size]


def picture(kind: str = "PNG", side: int = 900, colour: tuple[int, int, int] = (9, 99, 9)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side // 2), colour).save(out, kind)
    return out.getvalue()


def ofd(*, filling: bytes = b"page") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OFD.xml", _OFD)
        archive.writestr("Doc_0/Pages/Page_0/Content.xml", filling)
    return out.getvalue()


def ofd_bomb(unpacked: int = 600 << 20) -> bytes:
    """A small zip that says of itself what it unpacks to."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OFD.xml", _OFD)
        with archive.open("Doc_0/bomb", "w") as member:
            for _ in range(unpacked >> 20):
                member.write(bytes(1 << 20))
    return out.getvalue()


def lying_ofd_bomb(unpacked: int = 64 << 20) -> bytes:
    """One whose headers say that a member is small."""
    data = bytearray(ofd_bomb(unpacked))
    said = struct.pack("<L", unpacked)
    at = data.rfind(said)
    while at >= 0:
        data[at : at + 4] = struct.pack("<L", 100)
        at = data.rfind(said, 0, at)
    return bytes(data)


def png_bomb(side: int = 30_000) -> bytes:
    """A few kilobytes that unfold to ``side`` times ``side`` pixels."""

    def piece(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        )

    header = struct.pack(">LLBBBBB", side, side, 1, 0, 0, 0, 0)
    row = bytes(1 + -(-side // 8))
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", header) + piece(b"IDAT", body) + piece(b"IEND", b"")
    )


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path

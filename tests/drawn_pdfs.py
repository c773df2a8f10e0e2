"""PDFs written by hand: text at places, turned pages, pictures, hidden text, and one locked with a password."""

import hashlib
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

A4 = (595, 842)
PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
"""That the PDF standard fills passwords up with (ISO 32000-1, 7.6.3.3)."""


@dataclass(frozen=True)
class Leaf:
    """A page: `(x, y, size, text)` counted from its lower left corner."""

    texts: Sequence[tuple[float, float, float, str]] = ()
    size: tuple[int, int] = A4
    rotate: int = 0
    picture: Image.Image | None = None
    """Drawn over the whole page."""
    hidden: bool = False
    matrix: str = "1 0 0 1"
    """Of the text; `0 1 -1 0` runs upwards."""


def pdf(leaves: Sequence[Leaf], password: str | None = None) -> bytes:
    """A PDF of some pages."""
    bodies: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    kids = []
    for leaf in leaves:
        kids.append(len(bodies) + 1)
        bodies += _page(leaf, len(bodies) + 1)
    bodies[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    return _file(bodies, password)


def _page(leaf: Leaf, number: int) -> list[bytes]:
    width, height = leaf.size
    image = f" /XObject << /P {number + 2} 0 R >>" if leaf.picture else ""
    head = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Rotate {leaf.rotate} /Contents {number + 1} 0 R "
        f"/Resources << /Font << /F 3 0 R >>{image} >> >>"
    )
    drawn = [f"q {width} 0 0 {height} 0 0 cm /P Do Q".encode()] if leaf.picture else []
    for x, y, size, text in leaf.texts:
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252")
        drawn.append(f"BT {3 if leaf.hidden else 0} Tr /F {size} Tf {leaf.matrix} {x} {y} Tm (".encode() + escaped + b") Tj ET")
    bodies = [head.encode(), _stream("", b"\n".join(drawn))]
    if leaf.picture:
        told = f"/Type /XObject /Subtype /Image /Width {leaf.picture.width} /Height {leaf.picture.height} /ColorSpace /DeviceGray "
        bodies.append(_stream(told + "/BitsPerComponent 8 /Filter /FlateDecode", zlib.compress(leaf.picture.convert("L").tobytes())))
    return bodies


def _stream(told: str, data: bytes) -> bytes:
    return f"<< {told} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _file(bodies: Sequence[bytes], password: str | None) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    trailer, key = _locked(password) if password is not None else ("", b"")
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n".encode() + (_encrypted(body, key, number) if key else body) + b"\nendobj\n")
    start = out.tell()
    out.write(f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode())
    out.write(b"".join(f"{place:010d} 00000 n \n".encode() for place in places))
    out.write(f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R {trailer}>>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def _locked(password: str) -> tuple[str, bytes]:
    """The trailer's entry and the key of the standard's oldest lock, RC4 of 40 bits (7.6.3)."""
    padded = (password.encode("cp1252") + PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    name = hashlib.md5(b"drawn").digest()
    key = hashlib.md5(padded + owner + (-4 & 0xFFFFFFFF).to_bytes(4, "little") + name).digest()[:5]
    user = _rc4(key, PADDING)
    lock = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{owner.hex()}> /U <{user.hex()}> /P -4 >> /ID [<{name.hex()}> <{name.hex()}>] "
    return lock, key


def _encrypted(body: bytes, key: bytes, number: int) -> bytes:
    head, marker, rest = body.partition(b"stream\n")
    if not marker:
        return body
    own = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
    return head + marker + _rc4(own, rest.removesuffix(b"\nendstream")) + b"\nendstream"


def _rc4(key: bytes, data: bytes) -> bytes:
    state, other, out = list(range(256)), 0, bytearray()
    for at in range(256):
        other = (other + state[at] + key[at % len(key)]) % 256
        state[at], state[other] = state[other], state[at]
    one = other = 0
    for byte in data:
        one = (one + 1) % 256
        other = (other + state[one]) % 256
        state[one], state[other] = state[other], state[one]
        out.append(byte ^ state[(state[one] + state[other]) % 256])
    return bytes(out)

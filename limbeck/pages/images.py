"""Pictures from files: decoded, upright as their camera noted it, in plain RGB, page by page."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from limbeck.errors import ConfigError, PagesError

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST = 1200
"""Pixels of the longer side of a picture that OCR sees; more cost time and find no more words."""
SHORTEST = 720
"""Pixels of the shorter side that are kept, so that the letters of a long receipt stay readable."""
MOST_LONG = 6000
MOST_PIXELS = 150_000_000
"""Of one picture; what is larger, or says so, is not decoded."""
INSTALL = "{} is read by packages that are not here; type pip install 'limbeck[documents]'"
AGAIN = "save it again as PNG or JPEG, or leave it out"


def frames(path: str) -> Iterator["Image"]:
    """The pages of a picture file, one after another: all of a TIFF, the first one of what is animated.

    Raises:
        PagesError: It can't be decoded, it is cut off, or it is too large.
        ConfigError: Pillow is not installed.
    """
    with _troubles(path):
        with _opened(path) as file:
            count = getattr(file, "n_frames", 1) if file.format == "TIFF" else 1
            for number in range(count):
                file.seek(number)
                yield _upright(file, path)


def frame(path: str, number: int) -> "Image":
    """One page of a picture file.

    Raises:
        PagesError, ConfigError: As of `frames`, or it has no such page.
    """
    with _troubles(path), _opened(path) as file:
        file.seek(number)
        return _upright(file, path)


def _opened(path: str) -> "Image":
    from PIL import Image

    with warnings.catch_warnings():  # We look at the size ourselves.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(path)


@contextmanager
def _troubles(path: str) -> Iterator[None]:
    """Turns what Pillow raises into our own error; a broken file makes its decoders raise nearly anything."""
    try:
        from PIL.Image import DecompressionBombError
    except ImportError:
        raise ConfigError(INSTALL.format("a picture")) from None
    try:
        yield
    except DecompressionBombError:
        raise _too_large(path) from None
    except FileNotFoundError:
        raise gone(path) from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, ZeroDivisionError, OverflowError, MemoryError,
            NotImplementedError, AttributeError) as error:
        said = " ".join(str(error).split())[:80].replace(path, "the file")
        raise PagesError(f"{path!r} is no picture that can be read ({said or type(error).__name__}); {AGAIN}") from None


def gone(path: str) -> PagesError:
    """What to say of a file that is not there."""
    return PagesError(f"{path!r} is not there any more; put it back, or run again without it")


def _too_large(path: str) -> PagesError:
    return PagesError(f"{path!r} has more than {MOST_PIXELS // 1_000_000} million pixels; save it smaller, or leave it out")


def _upright(file: "Image", path: str) -> "Image":
    from PIL import ImageOps

    if file.width * file.height > MOST_PIXELS:
        raise _too_large(path)
    file.load()
    return _rgb(ImageOps.exif_transpose(file))


def _rgb(picture: "Image") -> "Image":
    """In 8 bits of red, green and blue, on white where it is transparent."""
    from PIL import Image

    if picture.mode[0] in "IF":
        return _eight_bits(picture).convert("RGB")
    if picture.has_transparency_data:
        shown = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
    return picture.convert("RGB")


def _eight_bits(picture: "Image") -> "Image":
    """16 and 32 bits and floats, from the darkest to the lightest value there is."""
    from PIL import Image

    values = np.asarray(picture, dtype=np.float64)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    full = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    spread = (full - low) / (high - low) if high > low else np.full(values.shape, 1.0)
    return Image.fromarray((spread * 255).astype(np.uint8))


def scale_for_reading(width: float, height: float) -> float:
    """By how much a picture is made smaller for OCR; never larger."""
    longest, shortest = max(width, height), max(1.0, min(width, height))
    return min(1.0, max(LONGEST / longest, SHORTEST / shortest), MOST_LONG / longest)


def scaled(picture: "Image", scale: float) -> "Image":
    """A picture made smaller."""
    from PIL import Image

    if scale >= 1.0:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def turned(picture: "Image", degrees: int) -> "Image":
    """A picture turned clockwise by 0, 90, 180 or 270 degrees."""
    from PIL import Image

    ways = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
    return picture.transpose(ways[degrees]) if degrees else picture


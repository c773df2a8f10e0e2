"""Pictures of pages: for the report, and for models that see."""

import io
from typing import TYPE_CHECKING

from limbeck.errors import PagesError
from limbeck.pages import images, pdfs
from limbeck.pages.sources import Kind

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY = 80


def picture(path: str, kind: Kind, page: int, turned: int, longest: int) -> bytes:
    """One page as a JPEG, upright.

    Args:
        path: The file.
        kind: `image` or `pdf`.
        page: Which page, from 0.
        turned: Degrees clockwise, as its `Sheet` says.
        longest: Pixels of its longer side; a picture is never made larger.

    Raises:
        PagesError: It can't be read, or its kind has no pictures.
        ConfigError: A package that reads it is not installed.
    """
    if kind not in ("image", "pdf"):
        raise PagesError(f"{path!r} is no picture and no PDF; show its text instead")
    whole = images.frame(path, page) if kind == "image" else pdfs.drawn_page(path, page, longest)
    return _jpeg(images.turned(images.scaled(whole, longest / max(whole.size)), turned))


def _jpeg(whole: "Image") -> bytes:
    file = io.BytesIO()
    whole.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()

"""RapidOCR: PaddleOCR's models in ONNX, which its package brings; on CPU.

Lines are found once. Their shapes and the text-line classifier tell how the page lies; then all lines are read that way.
"""

import os
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from limbeck.pages import turning
from limbeck.pages.ocr import Piece, Reading, Turn
from limbeck.pages.scripts import words_of
from limbeck.pages.turning import Quad
from limbeck.schemas.pages import Box

if TYPE_CHECKING:
    from PIL.Image import Image

SURE = 0.5
"""Lines less sure than this are no text."""
NARROWEST = 8
"""How many times as long as wide a picture may be before it is widened."""
SMALLEST = 64
PROBED = 6
"""Lines read both ways where the classifier isn't clear."""
NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
"""Full-width forms of ASCII, which its Chinese model writes also in Latin text."""
Pixels = npt.NDArray[np.uint8]
Part = tuple[str, float, Any]
"""Letters, how sure, and their corners."""


class RapidOcr:
    """RapidOCR with its default models, which read Latin and Chinese letters."""

    name = "rapidocr"
    languages: tuple[str, ...] = ()
    note = ""

    def __init__(self) -> None:
        self._loading = threading.Lock()

    @cached_property
    def version(self) -> str:
        """Of the package, which brings the models."""
        return version("rapidocr")

    @cached_property
    def _engine(self) -> Any:
        import logging

        from rapidocr import RapidOCR

        threads = _threads()
        told = {
            "Global.log_level": "critical",
            "Global.return_word_box": True,
            "Rec.rec_batch_num": 1,  # In a batch all lines are made as wide as the widest, at least as this: that costs time and words.
            "Rec.rec_img_shape": [3, 48, 96],
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        engine = RapidOCR(params=told)
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        return engine

    def read(self, picture: "Image") -> Reading:
        """The words of an RGB picture."""
        with self._loading:
            engine = self._engine
        image, margin = _widened(np.ascontiguousarray(np.asarray(picture)[:, :, ::-1]))
        crops, quads, turned = self._upright(engine, image)
        quads = [quad - (margin[::-1] if turned in (90, 270) else margin) for quad in quads]
        if not quads:
            return Reading()
        read = engine.recognize_txt(crops)
        parts = engine.cal_rec_boxes(crops, np.array(quads, dtype=np.float32), read).word_results
        pieces = [
            piece
            for quad, text, sure, found in zip(quads, read.txts, read.scores, parts, strict=True)
            if sure >= SURE
            for piece in _pieces(quad, text.translate(NARROW), float(sure), found)
        ]
        return Reading(tuple(pieces), turned, turning.slope(quads))

    def _upright(self, engine: Any, image: Pixels) -> tuple[list[Pixels], list[Quad], Turn]:
        """Pictures of the lines, upright, where they are, and by how much the page was turned."""
        crops, quads = _lines(engine, image)
        on_side = bool(quads) and turning.sideways(quads)
        if on_side:
            image = np.ascontiguousarray(np.rot90(image, -1))
            crops, quads = _lines(engine, image)
        if not quads or not _upside_down(engine, crops, quads):
            return crops, quads, 90 if on_side else 0
        crops = [np.ascontiguousarray(crop[::-1, ::-1]) for crop in crops]
        edge = np.array([image.shape[1], image.shape[0]], dtype=np.float64)
        return crops, [(edge - quad)[[2, 3, 0, 1]] for quad in quads], 270 if on_side else 180


def _widened(image: Pixels) -> tuple[Pixels, Quad]:
    """A strip with white on both sides, else its short side would be made as large as a page's; and how wide that is."""
    height, width = image.shape[:2]
    least = max(SMALLEST, -(-max(width, height) // NARROWEST))
    across, down = (max(0, least - side + 1) // 2 for side in (width, height))
    wide: Pixels = np.pad(image, ((down, down), (across, across), (0, 0)), constant_values=255)
    return wide, np.array([across, down], dtype=np.float64)


def _threads() -> int:
    """As `OMP_NUM_THREADS` says; else half of the cores, as several pages are read at once."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdigit() and int(said) else max(1, min(4, (os.cpu_count() or 1) // 2))


def _lines(engine: Any, image: Pixels) -> tuple[list[Pixels], list[Quad]]:
    """Pictures of the lines that are found, and their corners."""
    from rapidocr.main import RapidOCRError

    record: dict[str, Any] = {}
    try:
        crops, found = engine.detect_and_crop(image, record)
    except RapidOCRError:  # There is no text.
        return [], []
    padded = np.array([0.0, found.img.shape[0] - image.shape[0]]) / 2
    kept = [(crop, np.asarray(quad, dtype=np.float64) - padded) for crop, quad in zip(crops, found.boxes, strict=True) if crop.size]
    return [crop for crop, _ in kept], [quad for _, quad in kept]


def _upside_down(engine: Any, crops: list[Pixels], quads: list[Quad]) -> bool:
    votes = engine.cls_and_rotate(crops)[1].cls_res
    told = turning.upside_down(quads, votes)
    return told if told is not None else _reads_better_flipped(engine, crops)


def _reads_better_flipped(engine: Any, crops: list[Pixels]) -> bool:
    """Whether the longest lines have more sure letters upside down."""
    longest = sorted(crops, key=lambda crop: -crop.shape[1] / crop.shape[0])[:PROBED]
    flipped = [np.ascontiguousarray(crop[::-1, ::-1]) for crop in longest]
    read = engine.recognize_txt([*longest, *flipped])
    worth = [float(sure) * float(sure) * len(text) for text, sure in zip(read.txts, read.scores, strict=True)]
    return sum(worth[len(longest) :]) > sum(worth[: len(longest)])


def _pieces(quad: Quad, text: str, sure: float, parts: Sequence[Part]) -> list[Piece]:
    """A line's words: where its letters were found, or, where that isn't known, in proportion to their number."""
    where = _letters(text, parts) or _shares(text, quad, sure)
    found = []
    for start, end in words_of(text):
        own = [one for one in where[start:end] if one is not None]
        corners = np.array([corner for corners, _ in own for corner in corners])
        box = (*map(float, corners.min(axis=0)), *map(float, corners.max(axis=0)))
        found.append(Piece(text[start:end], cast(Box, box), sum(one for _, one in own) / len(own)))
    return found


def _letters(text: str, parts: Sequence[Part]) -> list[tuple[Any, float] | None] | None:
    """For each letter of a line the corners and the sureness of its part; None for blanks, and where parts say other text."""
    told = [(corners, sure) for part, sure, corners in parts for letter in part if not letter.isspace()]
    if "".join("".join(part.split()) for part, _, _ in parts).translate(NARROW) != "".join(text.split()):
        return None
    following = iter(told)
    return [None if letter.isspace() else next(following) for letter in text]


def _shares(text: str, quad: Quad, sure: float) -> list[tuple[Any, float] | None]:
    """For each letter its share of the line."""
    upper, lower = (quad[1] - quad[0]) / len(text), (quad[2] - quad[3]) / len(text)
    return [
        (np.array([quad[0] + at * upper, quad[0] + (at + 1) * upper, quad[3] + (at + 1) * lower, quad[3] + at * lower]), sure)
        for at in range(len(text))
    ]

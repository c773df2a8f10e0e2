"""Files become pages: whole outputs of the real OCR, and what is said of what can't be read."""

import io
import struct
import zlib
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from drawn_pdfs import Leaf, pdf
from drawn_receipts import CONFIGS, RECEIPTS, Row, drawn, main, pictures
from PIL import Image

from limbeck.errors import ConfigError, PagesError
from limbeck.pages import images, layout, sources
from limbeck.pages.ocr import Engine, Piece, Reading, open_engine
from limbeck.pages.pictures import picture
from limbeck.pages.reading import cache_key, pages_of
from limbeck.schemas.pages import Pages, Sheet, Word

CAFE = """\
   Café Lindenhof
    Lindenstr. 14
    04155 Leipzig
   Tel.0341 5550182

Datum: 03.02.2025      15:42 Uhr
Tisch 7      Bon 2281

2 x Cappuccino      7,60
1 x Apfelstrudel      5,20
1 x Quiche klein      5,60

Zwischensumme      18,40
Gesamt EUR      18,40
inkl. 19% MwSt      2,94
Bar gegeben      20,00
Rückgeld      1,60

  Vielen Dank für Ihren Besuch!"""


class Blind:
    """An engine that reads one word, wherever it is shown a picture."""

    name, version, note = "blind", "1", ""

    def __init__(self, languages: tuple[str, ...] = ()) -> None:
        self.languages = languages
        self.seen: list[tuple[int, int]] = []

    def read(self, picture: Image.Image) -> Reading:
        self.seen.append(picture.size)
        return Reading((Piece("word", (0.0, 0.0, picture.width / 2, picture.height / 2), 0.9),))


@pytest.fixture(scope="module")
def rapid() -> Engine:
    return open_engine("rapidocr")


def read(path: Path, engine: Engine) -> Pages:
    corpus = sources.read(str(path))
    return pages_of(corpus.documents[0].text, corpus.places[0].source, engine)


def saved(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path


def receipt(start: str) -> Path:
    return next((CONFIGS / "receipts").glob(f"{start}*"))


# ---- what OCR reads ----------------------------------------------------------------------------------------------------


def test_a_receipt_with_its_layout(rapid: Engine) -> None:
    pages = read(receipt("cafe"), rapid)
    assert layout.text(pages) == CAFE
    assert pages.sheets == (Sheet(width=440, height=604, ocr=True),)
    total = next(at for at, word in enumerate(pages.words) if word.text == "Gesamt")
    assert [pages.words[at].text for at in range(total, total + 3)] == ["Gesamt", "EUR", "18,40"]
    left, top, right, bottom = pages.words[total + 2].box
    assert abs(left - 351) < 12 and abs(right - 416) < 12 and top < 418 < bottom


def test_a_photograph_upside_down(rapid: Engine) -> None:
    pages = read(receipt("pizza"), rapid)
    assert [sheet.turned for sheet in pages.sheets] == [180]
    text = layout.text(pages)
    assert text.split("\n")[0].strip() == "Pizza Vesuvio" and "Total      $41.80" in text


@pytest.mark.parametrize("degrees", [90, 270])
def test_a_page_on_its_side_reads_as_upright(rapid: Engine, tmp_path: Path, degrees: int) -> None:
    upright = pictures(RECEIPTS[0])[0]
    pages = read(saved(images.turned(upright, 360 - degrees), tmp_path / "side.png"), rapid)
    assert pages.sheets == (Sheet(width=440, height=604, turned=degrees, ocr=True),)
    assert {"Lindenhof", "03.02.2025", "Gesamt", "18,40"} <= {word.text for word in pages.words}


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3)])
def test_a_strip_is_a_page(rapid: Engine, tmp_path: Path, size: tuple[int, int]) -> None:
    pages = read(saved(Image.new("L", size, 255), tmp_path / "strip.png"), rapid)
    assert [(sheet.width, sheet.height) for sheet in pages.sheets] == [size] and not pages.words


def test_a_line_alone_is_found_where_it_is(rapid: Engine, tmp_path: Path) -> None:
    line = Image.new("L", (900, 40), 255)
    line.paste(drawn([Row("Gesamt 18,40", size=26)]).crop((20, 20, 220, 58)), (600, 1))
    (first, second) = read(saved(line, tmp_path / "line.png"), rapid).words
    assert (first.text, second.text) == ("Gesamt", "18,40") and abs(first.box[0] - 604) < 15 and abs(second.box[2] - 775) < 25


def test_a_tiff_has_pages(rapid: Engine) -> None:
    pages = read(receipt("hotel"), rapid)
    assert len(pages.sheets) == 2 and {word.page for word in pages.words} == {0, 1}
    assert "Gesamtbetrag EUR      268,00" in layout.text(pages).split("--- page 2 ---")[1]


def test_a_blank_page_has_no_words(rapid: Engine, tmp_path: Path) -> None:
    pages = read(saved(Image.new("L", (300, 400), 255), tmp_path / "blank.png"), rapid)
    assert pages == Pages(sheets=(Sheet(width=300, height=400, ocr=True),), words=())


@pytest.mark.skipif(not which("tesseract"), reason="Tesseract is not installed")
def test_tesseract_reads_too(tmp_path: Path) -> None:
    large = drawn(RECEIPTS[9].rows).resize((880, 984))
    upright = saved(large, tmp_path / "upright.png")
    words = [word.text for word in read(upright, open_engine("tesseract")).words]
    assert {"Pharmacy", "Cough", "6.75", "14.25"} <= set(words)
    turned = read(saved(large.rotate(180), tmp_path / "turned.png"), open_engine("tesseract"))
    assert turned.sheets[0].turned == 180 and [word.text for word in turned.words] == words


@pytest.mark.skipif(not which("tesseract"), reason="Tesseract is not installed")
def test_tesseract_lacks_a_language() -> None:
    with pytest.raises(ConfigError, match="lacks the language 'xxx'"):
        open_engine("tesseract", ("xxx",))


def test_no_engine_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limbeck.pages.ocr.find_spec", lambda name: None)
    monkeypatch.setattr("limbeck.pages.ocr.which", lambda name: None)
    for name in ("auto", "rapidocr"):
        with pytest.raises(ConfigError, match=r"pip install 'limbeck\[documents\]'"):
            open_engine(name)
    with pytest.raises(ConfigError, match="install Tesseract"):
        open_engine("tesseract")


# ---- pictures of every kind --------------------------------------------------------------------------------------------


def camera(image: Image.Image) -> bytes:
    """A JPEG whose camera noted that it was held on its side."""
    told, out = Image.Exif(), io.BytesIO()
    told[0x0112] = 6
    image.save(out, "JPEG", exif=told)
    return out.getvalue()


def encoded(image: Image.Image, format: str) -> bytes:
    out = io.BytesIO()
    image.save(out, format)
    return out.getvalue()


SMALL = Image.new("RGB", (60, 30), "red")
WAYS = {
    "camera.jpg": (camera(SMALL), (30, 60), (254, 0, 0)),
    "cmyk.jpg": (encoded(Image.new("CMYK", (60, 30), (0, 0, 0, 255)), "JPEG"), (60, 30), (0, 0, 0)),
    "clear.png": (encoded(Image.new("RGBA", (60, 30), (0, 0, 0, 0)), "PNG"), (60, 30), (255, 255, 255)),
    "grey.png": (encoded(Image.new("LA", (60, 30), (128, 255)), "PNG"), (60, 30), (128, 128, 128)),
    "palette.png": (encoded(SMALL.quantize(4), "PNG"), (60, 30), (255, 0, 0)),
    "one.bmp": (encoded(Image.new("1", (60, 30), 1), "BMP"), (60, 30), (255, 255, 255)),
    "web.webp": (encoded(Image.new("RGB", (60, 30), "white"), "WEBP"), (60, 30), (255, 255, 255)),
    "endless.tiff": (encoded(Image.fromarray(np.tile(np.array([np.nan, 0, 1, np.inf] * 15, dtype=np.float32), (30, 1))), "TIFF"), (60, 30), (0, 0, 0)),
    "nothing.tiff": (encoded(Image.fromarray(np.full((30, 60), np.nan, dtype=np.float32)), "TIFF"), (60, 30), (255, 255, 255)),
    "deep.png": (encoded(Image.fromarray(np.tile(np.arange(60, dtype=np.uint16) * 1000, (30, 1))), "PNG"), (60, 30), (0, 0, 0)),
}


@pytest.mark.parametrize("name", WAYS)
def test_pictures_are_decoded(tmp_path: Path, name: str) -> None:
    content, size, corner = WAYS[name]
    (tmp_path / name).write_bytes(content)
    image = images.frame(str(tmp_path / name), 0)
    first = image.getpixel((0, 0))
    assert (image.mode, image.size) == ("RGB", size) and isinstance(first, tuple)
    assert all(abs(one - other) <= 2 for one, other in zip(first, corner, strict=True))


@pytest.mark.parametrize(
    ("size", "seen"),
    [((600, 900), (600, 900)), ((3000, 4000), (900, 1200)), ((1500, 9000), (720, 4320)), ((500, 9000), (333, 6000))],
)
def test_ocr_sees_a_smaller_picture(tmp_path: Path, size: tuple[int, int], seen: tuple[int, int]) -> None:
    """And boxes are in the pixels of the file."""
    engine = Blind()
    pages = read(saved(Image.new("L", size, 255), tmp_path / "large.png"), engine)
    assert engine.seen == [seen]
    assert pages.sheets[0].width == size[0] and pages.words[0].box == pytest.approx((0, 0, size[0] / 2, size[1] / 2), abs=1)


# ---- PDFs and texts ----------------------------------------------------------------------------------------------------


def test_a_pdf_holds_its_words() -> None:
    pages = read(receipt("city"), Blind())
    assert pages.sheets == (Sheet(width=300, height=308),)
    assert "Summe EUR      34,50" in layout.text(pages) and "Fahrpreis" in {word.text for word in pages.words}


@pytest.mark.parametrize(
    ("rotate", "matrix", "turned", "place"),
    [(0, "1 0 0 1", 0, (100, 700)), (90, "0 1 -1 0", 0, (142, 100)), (0, "0 1 -1 0", 90, (142, 100)), (180, "1 0 0 1", 180, (100, 700)),
     (90, "1 0 0 1", 270, (100, 700))],
)  # fmt: skip
def test_a_turned_pdf_is_upright(tmp_path: Path, rotate: int, matrix: str, turned: int, place: tuple[int, int]) -> None:
    """A page may be turned as a whole, or its text on it; boxes are the upright page's."""
    path = tmp_path / "turned.pdf"
    path.write_bytes(pdf([Leaf([(*place, 20, "Total 34.50")], rotate=rotate, matrix=matrix)]))
    pages = read(path, Blind())
    sideways = matrix != "1 0 0 1"
    assert pages.sheets == (Sheet(width=842 if sideways else 595, height=595 if sideways else 842, turned=turned),)
    assert [word.text for word in pages.words] == ["Total", "34.50"]
    assert pages.words[0].box[0] == pytest.approx(100, abs=3) and pages.words[0].box[3] == pytest.approx(142, abs=8)


def test_scanned_and_mixed_pdfs(tmp_path: Path) -> None:
    """A page with a picture and no words that show is read by OCR, what an older one hid there is not."""
    scan = Image.new("L", (300, 400), 255)
    many = [(50, 800 - 20 * at, 12, f"Row {at} of a letter") for at in range(10)]
    path = tmp_path / "mixed.pdf"
    path.write_bytes(pdf([Leaf(many), Leaf(picture=scan), Leaf([(50, 50, 12, "older OCR")], picture=scan, hidden=True), Leaf(many, picture=scan), Leaf()]))
    pages = read(path, Blind())
    assert [sheet.ocr for sheet in pages.sheets] == [False, True, True, False, False]
    assert [word.text for word in pages.words if word.page in (1, 2)] == ["word", "word"]
    assert pages.words[50].box == pytest.approx((0, 0, 297.5, 421), abs=1)


def test_words_beside_the_page_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "beside.pdf"
    path.write_bytes(pdf([Leaf([(50, 700, 12, "here"), (700, 700, 12, "cropped"), (50, -40, 12, "below")])]))
    assert [word.text for word in read(path, Blind()).words] == ["here"]


def test_two_hundred_pages(tmp_path: Path) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(pdf([Leaf([(50, 700, 12, f"Page {number} of 200")]) for number in range(1, 201)]))
    pages = read(path, Blind())
    assert len(pages.sheets) == 200 and [word.text for word in pages.words if word.page == 199] == ["Page", "200", "of", "200"]


def test_ready_pages(tmp_path: Path) -> None:
    pages = Pages(sheets=(Sheet(width=10, height=10),), words=(Word(text="Tea", box=(0, 0, 3, 1), line=0),))
    path = tmp_path / "own.pages.json"
    path.write_text(pages.model_dump_json())
    assert read(path, Blind()) == pages


# ---- what can't be read ------------------------------------------------------------------------------------------------


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 60000 × 60000."""
    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(b"\0" * 1000)) + part(b"IEND", b"")


GRAIN = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8))
BROKEN = {
    "corrupt.jpg": (b"\xff\xd8\xff\xe0" + b"\0" * 200, "is no picture"),
    "cut.jpg": (encoded(GRAIN, "JPEG")[:4000], "is no picture"),
    "cut.png": (encoded(GRAIN, "PNG")[:4000], "is no picture"),
    "cut.tif": (encoded(GRAIN, "TIFF")[:4000], "is no picture"),
    "text.png": (b"Total 3.00", "is no picture"),
    "bomb.png": (bomb(), "million pixels"),
    "locked.pdf": (pdf([Leaf([(50, 700, 12, "secret")])], password="open"), "locked with a password"),
    "broken.pdf": (b"%PDF-1.4\nnothing", "is no PDF"),
    "text.pdf": (b"Total 3.00", "is no PDF"),
    "blank.txt": (b" \n\f ", "holds no text"),
    "bytes.txt": (b"\0\1\2" * 100, "is no text"),
    "none.pages.json": (b"{}", "holds no pages"),
    "again.pages.json": (
        b'{"sheets":[{"width":9,"height":9},{"width":9,"height":9}],"words":[{"text":"a","box":[0,0,1,1],"line":0},'
        b'{"text":"b","box":[0,0,1,1],"page":1,"line":0}]}',
        "out of order",
    ),
    "nowhere.pages.json": (b'{"sheets":[{"width":9,"height":9}],"words":[{"text":"a","box":[0,0,Infinity,1],"line":0}]}', "holds boxes that are none"),
    "turned.pages.json": (b'{"sheets":[{"width":9,"height":9}],"words":[{"text":"a","box":[5,0,1,1],"line":0}]}', "holds boxes that are none"),
    "sheet.pages.json": (b'{"sheets":[{"width":NaN,"height":9}],"words":[]}', "holds boxes that are none"),
    "nothing.pdf": (pdf([]), "or has no pages"),
    "words.pages.json": (b'{"sheets":[],"words":[{"text":"a","box":[0,0,1,1],"line":0}]}', "out of order"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files(tmp_path: Path, name: str) -> None:
    content, says = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PagesError, match=says) as told:
        read(tmp_path / name, Blind())
    assert repr(str(tmp_path / name)) in str(told.value) and ";" in str(told.value)


def test_a_pdf_without_pages_is_not_locked_because_another_one_was(tmp_path: Path) -> None:
    """PDFium tells the last error, whichever file it was of."""
    for name in ("locked.pdf", "nothing.pdf"):
        (tmp_path / name).write_bytes(BROKEN[name][0])
        with pytest.raises(PagesError, match=BROKEN[name][1]):
            read(tmp_path / name, Blind())


def test_an_unlocked_pdf_is_what_the_locked_one_holds(tmp_path: Path) -> None:
    """So that the lock is what keeps it closed: the same file with an empty password opens."""
    path = tmp_path / "open.pdf"
    path.write_bytes(pdf([Leaf([(50, 700, 12, "no secret")])], password=""))
    assert [word.text for word in read(path, Blind()).words] == ["no", "secret"]


def test_a_file_that_has_changed_or_gone(tmp_path: Path) -> None:
    path = saved(SMALL, tmp_path / "a.png")
    document = sources.read(str(path)).documents[0].text
    path.write_bytes(b"other")
    with pytest.raises(PagesError, match="has changed"):
        pages_of(document, str(path), Blind())
    path.unlink()
    with pytest.raises(PagesError, match="not there any more"):
        pages_of(document, str(path), Blind())


# ---- the cache, and pictures for people --------------------------------------------------------------------------------


def test_the_cache_key_says_what_was_read_with_what() -> None:
    image, other, text = '{"file":"b2:00","kind":"image"}', '{"file":"b2:01","kind":"image"}', '{"text":"Tea"}'
    later = Blind()
    later.version = "2"
    keys = [cache_key(image, Blind()), cache_key(other, Blind()), cache_key(image, Blind(("deu",))), cache_key(image, later)]
    assert len(set(keys)) == 4 and keys[0] == cache_key(image, Blind())
    assert cache_key(text, Blind()) == cache_key(text, later)


def test_a_picture_of_a_page_is_upright(tmp_path: Path) -> None:
    path = saved(images.turned(pictures(RECEIPTS[0])[0], 90), tmp_path / "side.png")
    shown = Image.open(io.BytesIO(picture(str(path), "image", 0, 270, 302)))
    assert (shown.format, shown.size) == ("JPEG", (220, 302))
    drawn_pdf = Image.open(io.BytesIO(picture(str(receipt("city")), "pdf", 0, 0, 616)))
    assert drawn_pdf.size == (600, 616) and np.asarray(drawn_pdf.convert("L")).min() < 100
    with pytest.raises(PagesError, match="show its text"):
        picture("a.txt", "text", 0, 0, 100)
    with pytest.raises(PagesError, match="has no page 2"):
        picture(str(receipt("city")), "pdf", 1, 0, 100)


def test_the_sample_is_what_the_script_draws(tmp_path: Path) -> None:
    main(tmp_path)
    assert (tmp_path / "claims.csv").read_bytes() == (CONFIGS / "claims.csv").read_bytes()
    assert {path.name for path in (tmp_path / "receipts").iterdir()} == {path.name for path in (CONFIGS / "receipts").iterdir()}
    assert all(path.stat().st_size <= 20_480 for path in (CONFIGS / "receipts").iterdir())

"""Receipts of shops that don't exist, drawn: `python tests/drawn_receipts.py` makes limbeck/configs/receipts again.

Pillow's own font is Aileron, which is in the public domain (CC0). As it lacks letters with accents, those are put on by hand.
"""

import csv
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from drawn_pdfs import Leaf, pdf
from PIL import Image, ImageDraw, ImageFont

WIDTH = 440
INK = 20
MARKS = {
    "\u0308": (((-0.19, -0.04), (-0.08, -0.04)), ((0.08, -0.04), (0.19, -0.04))),
    "\u0301": (((-0.06, 0.0), (0.1, -0.14)),),
    "\u0300": (((0.06, 0.0), (-0.1, -0.14)),),
    "\u0302": (((-0.14, 0.0), (0.0, -0.14)), ((0.0, -0.14), (0.14, 0.0))),
}
"""Accents as lines, in shares of the letters' size."""
EDGE = 24
CONFIGS = Path(__file__).parents[1] / "limbeck" / "configs"


@dataclass(frozen=True)
class Row:
    """A line of a receipt: text at the left, or in the middle where nothing stands at its right."""

    left: str
    right: str = ""
    size: int = 20
    middle: bool = False


@dataclass(frozen=True)
class Receipt:
    """What is printed, and what a person would read off it."""

    file: str
    merchant: str
    date: str
    total: str
    rows: tuple[Row, ...]
    noise: float = 0.0
    skew: float = 0.0
    turned: int = 0
    second: tuple[Row, ...] = ()
    """The second page's."""


def head(*lines: str) -> tuple[Row, ...]:
    """A shop's name, large, and its address."""
    return (Row(lines[0], size=28, middle=True), *(Row(line, size=17, middle=True) for line in lines[1:]), Row(""))


def pairs(*told: str) -> tuple[Row, ...]:
    """`"Soup | 6.50"`: what stands at the left and at the right."""
    return tuple(Row(left.strip(), right.strip()) for left, right in (line.split("|") for line in told))


def foot(*lines: str) -> tuple[Row, ...]:
    return (Row(""), *(Row(line, size=17, middle=True) for line in lines))


def total(line: str) -> tuple[Row, ...]:
    left, right = (part.strip() for part in line.split("|"))
    return (Row(left, right, size=26),)


RECEIPTS = (
    Receipt("cafe-lindenhof.png", "Café Lindenhof", "2025-02-03", "18.40", (
        *head("Café Lindenhof", "Lindenstr. 14", "04155 Leipzig", "Tel. 0341 5550182"),
        *pairs("Datum: 03.02.2025 | 15:42 Uhr", "Tisch 7 | Bon 2281"), Row(""),
        *pairs("2 x Cappuccino | 7,60", "1 x Apfelstrudel | 5,20", "1 x Quiche klein | 5,60"), Row(""),
        *pairs("Zwischensumme | 18,40"), *total("Gesamt EUR | 18,40"),
        *pairs("inkl. 19% MwSt | 2,94", "Bar gegeben | 20,00", "Rückgeld | 1,60"), *foot("Vielen Dank für Ihren Besuch!"))),
    Receipt("harbour-books.jpg", "Harbour Books", "2025-03-14", "31.97", (
        *head("Harbour Books", "8 Quay Lane", "Whitby YO21 9ZZ", "VAT No 000 1234 00"),
        *pairs("14/03/2025 11:08 | Till 2"), Row(""),
        *pairs("The Salt Road | 12.99", "Knots and Splices | 9.99", "Map of the Moors | 8.99"), Row(""),
        *pairs("Subtotal | 31.97", "VAT 0% | 0.00"), *total("TOTAL | GBP 31.97"),
        *pairs("Visa ****4402 | GBP 31.97"), *foot("Returns within 28 days")), noise=4, skew=1.2),
    Receipt("boulangerie-martin.png", "Boulangerie Martin", "2025-01-21", "11.95", (
        *head("Boulangerie Martin", "3 rue des Tilleuls", "69999 Lyon"),
        *pairs("Le 21/01/2025 à 08:15 | Ticket 0417"), Row(""),
        *pairs("2 Croissant | 2,60", "1 Pain de campagne | 3,85", "1 Tarte aux pommes | 5,50"), Row(""),
        *pairs("Total HT | 11,33", "TVA 5,5% | 0,62"), *total("TOTAL TTC | 11,95 EUR"),
        *pairs("Carte bancaire | 11,95 EUR"), *foot("Merci et à bientôt"))),
    Receipt("green-basket.jpg", "Green Basket Market", "2025-02-27", "27.13", (
        *head("GREEN BASKET MARKET", "2200 Orchard Avenue", "Springdale, OH 45999", "(555) 010-0199"),
        *pairs("02/27/2025 6:31 PM | Lane 04"), Row(""),
        *pairs("ORGANIC APPLES 2 LB | 5.98", "WHOLE MILK GAL | 4.29", "SOURDOUGH LOAF | 5.49", "OLIVE OIL 500ML | 9.99"), Row(""),
        *pairs("SUBTOTAL | 25.75", "SALES TAX 5.35% | 1.38"), *total("TOTAL | $27.13"),
        *pairs("CASH | 30.00", "CHANGE | 2.87"), *foot("ITEMS SOLD 4", "THANK YOU")), noise=1, skew=-1.5),
    Receipt("city-cab.pdf", "City Cab Berlin", "2025-03-05", "34.50", (
        *head("City Cab Berlin GmbH", "Hafenweg 2, 10999 Berlin"),
        *pairs("Quittung Nr. | 55120", "Datum | 05.03.2025", "Von | Hauptbahnhof", "Nach | Flughafen BER"), Row(""),
        *pairs("Fahrpreis netto | 32,24", "MwSt 7% | 2,26"), *total("Summe EUR | 34,50"), *foot("Betrag dankend erhalten"))),
    Receipt("hotel-seeblick.tiff", "Hotel Seeblick", "2025-03-11", "268.00", (
        *head("Hotel Seeblick", "Uferpromenade 21", "78999 Konstanz"),
        *pairs("Rechnung | 2025-0318", "Datum | 11.03.2025", "Gast | A. Beispiel", "Zimmer | 204"), Row(""),
        *pairs("2 Nächte à 115,00 | 230,00", "2 Frühstück à 15,00 | 30,00", "Kurtaxe | 8,00"), Row(""), *pairs("Übertrag | 268,00")),
        second=(*head("Hotel Seeblick", "Rechnung 2025-0318, Seite 2"), *pairs("Übertrag | 268,00", "Netto | 248,39", "MwSt | 19,61"),
                *total("Gesamtbetrag EUR | 268,00"), *pairs("Bezahlt mit Karte | 268,00"), *foot("Wir freuen uns auf Ihren nächsten Besuch"))),
    Receipt("pizza-vesuvio.jpg", "Pizza Vesuvio", "2025-03-22", "41.80", (
        *head("Pizza Vesuvio", "77 Canal Street", "Brookfield, NY 10999"),
        *pairs("Server: Dana | Table 12", "Mar 22, 2025 | 8:47 PM"), Row(""),
        *pairs("1 Margherita | 14.00", "1 Quattro Formaggi | 17.00", "2 Soda | 5.00"), Row(""),
        *pairs("Subtotal | 36.00", "Tax | 2.30", "Tip | 3.50"), *total("Total | $41.80"), *foot("Grazie!")), turned=180, noise=4),
    Receipt("bolt-and-timber.png", "Bolt & Timber Hardware", "2025-02-18", "63.45", (
        *head("Bolt & Timber Hardware", "Unit 4, Mill Park", "Dublin D99 X0X0"),
        *pairs("Date 2025-02-18 | Inv 90771"), Row(""), Row("Description   Qty   Price", "Amount"),
        *pairs("Wood screws   3   4.25 | 12.75", "Oak board   2   17.90 | 35.80", "Glue 250ml   1   5.90 | 5.90", "Brush set   1   9.00 | 9.00"), Row(""),
        *pairs("Net | 51.59", "VAT 23% | 11.86"), *total("Total EUR | 63.45"), *foot("Keep this receipt"))),
    Receipt("tankstelle-nord.jpg", "Tankstelle Nord", "2025-03-09", "72.36", (
        *head("Tankstelle Nord", "Nordring 100", "24999 Kiel"),
        *pairs("09.03.2025 | 07:12", "Säule 3 | Beleg 10442"), Row(""),
        *pairs("Super E10 40,22 l x 1,799 | 72,36"), Row(""), *total("Summe EUR | 72,36"),
        *pairs("Netto | 60,81", "MwSt 19% | 11,55", "EC-Karte | 72,36"), *foot("Gute Fahrt!")), noise=5, skew=2.0),
    Receipt("old-town-pharmacy.png", "Old Town Pharmacy", "2025-03-28", "14.25", (
        *head("Old Town Pharmacy", "12 Market Place", "Durham DH1 0ZZ"),
        *pairs("28 Mar 2025 | 09:55"), Row(""),
        *pairs("Cough syrup | 6.75", "Plasters x40 | 3.25", "Hand cream | 4.25"), Row(""),
        *total("Balance due | GBP 14.25"), *pairs("Contactless | GBP 14.25", "Includes VAT | 2.38"), *foot("Get well soon"))),
    Receipt("noodle-bar-kumo.jpg", "Noodle Bar Kumo", "2025-03-17", "29.50", (
        *head("NOODLE BAR KUMO", "5 Bridge Road", "Singapore 099999", "GST Reg M9-0000000-0"),
        *pairs("17/03/2025 12:40 | Chk 3307"), Row(""),
        *pairs("2 Ramen Shoyu | 22.00", "1 Gyoza | 5.06"), Row(""),
        *pairs("Sub-total | 27.06", "GST 9% | 2.44"), *total("TOTAL S$ | 29.50"),
        *pairs("CASH | 50.00", "CHANGE | 20.50"), *foot("See you again")), noise=4, skew=-0.8),
    Receipt("parkhaus-mitte.png", "Parkhaus Mitte", "2025-03-30", "9.00", (
        *head("Parkhaus Mitte AG", "Bahnhofplatz 1", "8099 Zürich"),
        *pairs("Einfahrt | 2025-03-30 09:02", "Ausfahrt | 2025-03-30 12:58"), Row(""),
        *pairs("Parkgebühr | 8.33", "MWST 8.1% | 0.67"), *total("Total CHF | 9.00"), *foot("Danke"))),
)  # fmt: skip

CLAIMED = {
    "harbour-books.jpg": {"amount": "37.97"},
    "tankstelle-nord.jpg": {"date": "2025-03-19"},
    "old-town-pharmacy.png": {"merchant": "Riverside Chemist"},
}
"""What the wrong claims say: too much, another day, another shop."""
LOST = ("train-ticket.pdf", "Nordbahn", "2025-03-12", "59.90")
"""A claim without a receipt."""


def drawn(rows: Sequence[Row], width: int = WIDTH) -> Image.Image:
    """Rows on white paper."""
    height = sum(round(row.size * 1.45) for row in rows) + 2 * EDGE
    paper = Image.new("L", (width, height), 255)
    pen, top = ImageDraw.Draw(paper), float(EDGE)
    for row in rows:
        font = ImageFont.load_default(row.size)
        left = (width - pen.textlength(plain(row.left), font=font)) / 2 if row.middle else EDGE
        written(pen, (left, top), row.left, row.size)
        written(pen, (width - EDGE - pen.textlength(plain(row.right), font=font), top), row.right, row.size)
        top += round(row.size * 1.45)
    return paper


def plain(text: str) -> str:
    """A text without accents, which is as wide."""
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def written(pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int) -> None:
    """Letters, and their dots, acutes, graves and circumflexes over them."""
    font = ImageFont.load_default(size)
    pen.text(place, plain(text), fill=INK, font=font)
    for at, letter in enumerate(unicodedata.normalize("NFC", text)):
        for mark in unicodedata.normalize("NFD", letter)[1:]:
            before, wide = pen.textlength(plain(text[:at]), font=font), pen.textlength(plain(letter), font=font)
            middle, foot = place[0] + before + wide / 2, place[1] + size * (0.26 if letter.islower() else 0.06)
            for line in MARKS[mark]:
                ends = [(middle + x * size, foot + y * size) for x, y in line]
                pen.line(ends, fill=INK, width=max(1, round(size / 9)))


def photographed(paper: Image.Image, noise: float, skew: float) -> Image.Image:
    """As by a telephone: askew, darker to one side, grainy; the same every time."""
    askew = paper.rotate(skew, expand=True, fillcolor=225, resample=Image.Resampling.BICUBIC)
    shade = np.linspace(1.0, 0.86, askew.width)[None, :]
    grain = np.random.default_rng(7).normal(0, noise, (askew.height, askew.width))
    return Image.fromarray(np.clip(np.asarray(askew) * shade + grain, 0, 255).astype(np.uint8))


def pictures(receipt: Receipt) -> list[Image.Image]:
    """A receipt's pages as its file shows them."""
    pages = [drawn(rows) for rows in (receipt.rows, receipt.second) if rows]
    return [photographed(page, receipt.noise, receipt.skew) if receipt.noise else page for page in pages]


def save(receipt: Receipt, folder: Path) -> Path:
    """Write a receipt's file."""
    path = folder / receipt.file
    first, *others = (page.rotate(receipt.turned) for page in pictures(receipt))
    if path.suffix == ".pdf":
        path.write_bytes(pdf([leaf(receipt.rows)]))
    elif path.suffix == ".tiff":
        first.convert("1").save(path, save_all=True, append_images=[page.convert("1") for page in others], compression="group4")
    elif path.suffix == ".jpg":
        first.save(path, quality=36, optimize=True)
    else:
        first.quantize(8).save(path, optimize=True)
    return path


def leaf(rows: Sequence[Row]) -> Leaf:
    """Rows as a page of a PDF, Helvetica being about as wide as our own font."""
    width, size = 300, sum(row.size for row in rows) + 40
    texts, height = [], float(size - 20)
    for row in rows:
        height -= row.size
        texts.append((20.0 if not row.middle else 60.0, height, row.size * 0.6, row.left))
        if row.right:
            texts.append((200.0, height, row.size * 0.6, row.right))
    return Leaf(tuple(texts), (width, size))


def claims() -> list[dict[str, str]]:
    """What was claimed: as the receipts say, but for three, and one that has none."""
    told = [{"document": one.file, "merchant": one.merchant, "date": one.date, "amount": one.total} for one in RECEIPTS]
    lost = dict(zip(("document", "merchant", "date", "amount"), LOST, strict=True))
    return [{**claim, **CLAIMED.get(claim["document"], {})} for claim in told] + [lost]


def main(configs: Path) -> None:
    folder = configs / "receipts"
    folder.mkdir(exist_ok=True)
    for receipt in RECEIPTS:
        save(receipt, folder)
    with (configs / "claims.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("document", "merchant", "date", "amount"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(claims())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CONFIGS)

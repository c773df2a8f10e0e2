"""Invented receipts and invoices as pages, from text: a blank is a blank, two or more part columns."""

import re

from limbeck.schemas.pages import Pages, Sheet, Word

CAFE = """
BLUE DOOR CAFE SDN BHD
(912345-K)
NO. 7, JALAN BUNGA 3,
TAMAN MAWAR,
50200 KUALA LUMPUR
TEL: 03-2222 1111   FAX: 03-2222 1112
GST ID: 000111222333
TAX INVOICE
Date: 25/12/2018   Time: 8:13:39 PM
QTY  DESCRIPTION      AMOUNT
1    FLAT WHITE         9.00
2    BUTTER CROISSANT  12.00
SUBTOTAL               21.00
GST 6%                  1.26
TOTAL RM               22.26
CASH                   50.00
CHANGE                 27.74
THANK YOU
"""
GARAGE = """
Smith's Garage
12 Harbor Road
Springfield, IL 62701
(217) 555-0142
03/15/2016 12:59PM
Oil filter
2 x 3.50    7.00
Wiper   11.00
Sub-total:  18.00
Sales Tax:  1.87
Total Due:  $19.87
VISA  19.87
"""
INVOICE = """
Nordwind Werkzeuge GmbH
Hafenstraße 12
20457 Hamburg
Rechnung an:
Muster AG
Rechnungsnummer: RE-2021-077
Rechnungsdatum: 03.04.2021
Fällig am: 17.04.2021
USt-IdNr. DE123456789
Beschreibung   Menge   Einzelpreis   Betrag
Bohrer         3       12,50         37,50
Schrauben      100     0,25          25,00
Netto          62,50 EUR
MwSt. 19 %     11,88 EUR
Gesamtbetrag   74,38 EUR
IBAN: DE89 3704 0044 0532 0130 00
"""


def pages(text: str, tall: tuple[str, ...] = ()) -> Pages:
    """Letters are 10 wide and 20 high, rows 30 apart; those that begin with one of `tall` are twice as high."""
    words = []
    lines = [line for line in text.splitlines() if line.strip()]
    top = 0.0
    for number, line in enumerate(lines):
        height = 40.0 if line.startswith(tall or ("\0",)) else 20.0
        for match in re.finditer(r"\S+", line):
            start = match.start() * 10 + 30 * len(re.findall(r" {2,}", line[: match.start()]))
            words.append(Word(text=match[0], box=(start, top, start + 10 * len(match[0]), top + height), line=number))
        top += height + 10
    return Pages(sheets=(Sheet(width=600, height=top),), words=tuple(words))

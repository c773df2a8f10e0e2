"""What rows of a receipt's or an invoice's head are: titles, addresses, phone and registration numbers, names with a legal form."""

import functools
import re

from limbeck.fields.dates import ROWS_KEPT

LEGAL = re.compile(
    r"(?<![a-z])(?:s\W{0,2}[dil1]\W{0,2}n\W{0,3}[b8]\W{0,2}[hn]\W{0,2}[du]|s\W?n? ?bhd|sdn|bhd|s[/.]b|berhad|enterprise|trading co|plc|p\.l\.c|ltd|limited|llc|l\.l\.c|llp|inc|incorporated|corp|corporation|gmbh(?: & co\.? kg)?|ag|kg|ohg|ug|e\.k|mbh|sarl|s\.a\.r\.l|sas|s\.a\.s|s\.a|sa|eurl|s\.?l\.?u?|s\.l|srl|s\.r\.l|spa|s\.p\.a|bv|b\.v|nv|n\.v|bvba|oy|ab|aps|a/s|pte\.? ?ltd|pvt\.? ?ltd|pty\.? ?ltd|k\.k|co\.?,? ?ltd)\.?$",
    re.IGNORECASE,
)
"""Legal forms at the end of a company's name."""
GLUED_LEGAL = re.compile(r"(?:sdn\.?bhd|pte\.?ltd|pvt\.?ltd|co\.?,?ltd|gmbh|(?<=[a-z])(?:Ltd|LTD|Inc|INC|LLC|PLC|S\.L|S\.A|SL))\.?$", re.IGNORECASE)
REGISTRATION = re.compile(r"[\s(\[-]*(?:(?:co|reg|company|roc|gst|no)\b\W*){0,3}(?:\d{4,9}\s?-?\s?[A-Z]\b|\b[A-Z]{2}\d{6,9}-?[A-Z]\b)[\s)\].]*(?:\(\w{1,5}\)\W*)?$|[\s(]+[A-Z]{0,2}[\d-]{4,10}\s?[-·.]?\s?[A-Z]\)\W*$", re.IGNORECASE)
"""A registration number after a name: `(789417-W)`."""
_REGISTERED = re.compile(
    r"\b(?:co\.? ?reg|company ?(?:reg|no)|reg(?:istration)?\.? ?(?:no|#)|r\.?o\.?c|gst|vat|tax ?(?:id|no|reg)|ust|siret|siren|cif|nif|abn|ein|tin|steuer|rcs|uid|trn|p\.? ?iva|ntn|pin ?no)\b|gst ?(?:id|no|reg)|co\.?reg",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\W*(?:[A-Z]{1,7}[\s.:-]+){0,3}\W*[A-Z]{0,3}\d{5,9}\s?-?\s?[A-Z]\W*$|^\W*\(?[\w ]{0,24}\(\d{5,9}(?:-?[A-Z])?\)\W*$", re.IGNORECASE)
"""A row that is little more than a registration number."""
_TITLE = re.compile(
    r"(?:tax|sales|simplified|guest|gift|rental|prepaid|debit|credit|customer|cash|official|original|duplicate|final|pro ?forma)? ?(?:invoice|receipt|bill|check|quittung|rechnung|kassenbon|kassenbeleg|beleg|bon|facture|ticket|reçu|factura|recibo|resit|invois|cash ?sales?|order|copy|memo|statement|taxinvoice|giftreceipt|guestcheck|cashreceipt|salesreceipt|cashbill)(?: ?(?:copy|no|number|original|simplificada|de caisse))?",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![a-z])(?:te[l1]|ph|phone|fax|mobile|hp|call|fon|telefon|tfno|tlf|hotline|whatsapps?|contact|careline|toll)(?![a-z]{3})[\w\s./]{0,12}[:.#=)]*\s*\(?[+\d]|^\W*(?:t|p|f|m)\s?[:.]\s?\(?\+?\d|^\W*\+?\(?\d[\d\s()./-]{6,}\d\W*$", re.IGNORECASE)
_WEB = re.compile(r"www\.|https?:|@\w|\.(?:com|net|org|de|fr|es|co\.uk|my|eu)\b|e-?mail|facebook|website", re.IGNORECASE)
_LABELLED = re.compile(
    r"^\W*(?:thank|tq|welcome|goods|your|please|posted|win|visit|code|descr?|description|qty|item|trans(?:action)?|tran|operat(?:or|ion)|waiter|server|mgr|manager|lane|space|suite #|chk|covers|auth|aid|tender|sale|collector|aba|slip|cajer[oa]|caissier|serveur|cashier|server|served|table|tbl|guests?|gst|order|check|chk|ticket|station|terminal|register|reg|store|str|host|operator|member|salesperson|date|time|invoice|inv|receipt|document|doc|trans|clerk|pos|counter|till|bill|ref|customer|cust|attn|welcome|thank|kasse|bediener|tisch|mesa|caja|serveur|owned|licensee|slip|dine|take|to go|eat|merchant id|terminal id|visa|mastercard|ship|deliver)(?![a-z])\W*\w*",
    re.IGNORECASE,
)
_GREETED = re.compile(r"^\W*(?:thank ?you|thanks|welcome|your ?guest|your ?order|your ?server|please|for ?(?:feedback|complaint|enquir|inquir|more|further)|goods ?sol|customer ?copy|merchant ?(?:id|copy|no)|terminal ?id|transaction|have ?a ?(?:nice|great|good)|come ?again|you ?will|win ?\d|pump ?#)", re.IGNORECASE)
"""What says nothing of the business, also with its words glued together."""
_STREET = re.compile(
    r"(?<![a-z])(?:jalan|jln|ja1an|jl|ji|lorong|lrg|taman|tmn|seksyen|kampung|kg|bandar|bdr|persiaran|lebuh(?:raya)?|kawasan|pusat|bangunan|wisma|menara|kompleks|mukim|jaya|lot|no\.?(?= ?\d)|street|str|st|road|rd|avenue|ave|blvd|boulevard|drive|dr|lane|ln|highway|hwy|pkwy|parkway|freeway|plaza|square|sq|mall|centre|center|suite|ste|unit|floor|flr|level|block|blk|building|bldg|park|court|terrace|place|way|circle|route|rt|box|stra(?:ss|ß)e|platz|allee|weg|gasse|rue|bd|chemin|impasse|quai|cours|calle|avda?|avenida|paseo|carrer|carretera|ctra|via|viale|piazza|ground|ampang|north|south|airport|terminal|shopping)(?![a-z])",
    re.IGNORECASE,
)
_GLUED_STREET = re.compile(
    r"(?i:jalan|taman|street|road(?!house)|avenue|boulevard|highway|parkway|stra(?:ss|ß)e|platz\b|avenida|shoppingcent|airport)|(?<=[a-z\d])(?:St|Rd|Ave|Blvd|Dr|Ln|Hwy|Pkwy|Ct|Pl|Str)\.?(?=$|[,#.\d])|(?<=[A-Z\d])(?:ST|RD|AVE|BLVD|HWY|PKWY)\.?(?=$|[,#.])",
)
_COMPOUND = re.compile(r"[a-zäöü]{3,}(?:stra(?:ss|ß)e|str\.|weg|platz|gasse|allee|straat|laan|plein)(?![a-z])", re.IGNORECASE)
"""Streets of one word, as in German and Dutch."""
_POSTAL = re.compile(
    r"(?<![\d#:-])\d{5}(?:-\d{4})?(?!\d|[-/]\w)(?=\W*[A-Za-z]|\W*$)|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b|\b[A-Z]\d[A-Z]\s?\d[A-Z]\d\b|(?<![\d#:-])\d{6}(?![\d-]|\W*$)|(?<=[A-Za-z] )\d{6}\W*$|(?<![a-z])[A-Z]{2}[ .,]*\d{5}\b|\bp\.?o\.? ?box\b|\b[1-9]\d{3}\s(?=[A-Z][a-zé]+)",
)
_REGION = re.compile(
    r"(?<![a-z])(?:selangor|johor|kuala lumpur|k\.?l\.?|penang|pulau pinang|perak|kedah|melaka|negeri sembilan|pahang|sabah|sarawak|kelantan|terengganu|perlis|putrajaya|labuan|malaysia|singapore|indonesia|india|usa|u\.s\.a|canada|united kingdom|uk|england|deutschland|germany|france|españa|spain|philippines|thailand|ireland|d\.?e\.?|darul ehsan|w\.? ?p\.?)\W*$|,\s?(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]|BC|ON|AB|QC)\.?(?:\W|\d|$)",
    re.IGNORECASE,
)


_SEAM = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z])|(?<=[A-Za-z]{2})(?=\d{2})|(?<=\d)(?=[A-Za-z]{3})|(?<=[a-z.]\.)(?=[A-Z])")


@functools.lru_cache(maxsize=ROWS_KEPT)
def spaced(text: str) -> str:
    """A row in which words that are glued together are parted as far as case and digits tell: `1280Hwy315` as `1280 Hwy 315`."""
    return _SEAM.sub(" ", text)


def letters(text: str) -> int:
    """How many letters a text has."""
    return sum(one.isalpha() for one in text)


def without_registration(text: str) -> str:
    """A name without the number of a register after it."""
    return REGISTRATION.sub("", text).rstrip(" ,-:")


def without_form(text: str) -> str:
    """A name without its legal form and the number of a register."""
    return LEGAL.sub("", without_registration(text))


def is_numbered(text: str) -> bool:
    """Whether a row is little more than the number of a register."""
    return _NUMBERED.search(text) is not None and not has_form(text)


@functools.lru_cache(maxsize=ROWS_KEPT)
def has_form(text: str) -> bool:
    """Whether a name ends with a legal form."""
    bare = without_registration(text)
    return bool(LEGAL.search(bare) or (" " not in bare and GLUED_LEGAL.search(bare)))


def is_title(text: str) -> bool:
    """Whether a row says what kind of document it is."""
    bare = " ".join(re.sub(r"[^\w\s]", " ", spaced(text)).split())
    return _TITLE.fullmatch(bare) is not None


def is_phone(text: str) -> bool:
    """Whether it gives a phone or fax number."""
    return _PHONE.search(spaced(text)) is not None


def is_registration(text: str) -> bool:
    """Whether it gives the number of a register or a tax office."""
    return _REGISTERED.search(spaced(text)) is not None or (_NUMBERED.search(text) is not None and not has_form(text))


def is_web(text: str) -> bool:
    """Whether it gives an address on the web."""
    return _WEB.search(text) is not None


def has_postal_code(text: str) -> bool:
    """Whether something in it is like a postal code."""
    return _POSTAL.search(text) is not None or _POSTAL.search(spaced(text)) is not None


def is_labelled(text: str) -> bool:
    """Whether it begins with a word that announces something about the sale."""
    return _LABELLED.match(spaced(text)) is not None or _GREETED.match(text) is not None


@functools.lru_cache(maxsize=ROWS_KEPT)
def is_other(text: str) -> bool:
    """Whether a row of a head is neither a name nor an address."""
    return any(one(text) for one in (is_title, is_phone, is_registration, is_web, is_labelled))


@functools.lru_cache(maxsize=ROWS_KEPT)
def address_score(text: str) -> int:
    """How much a row looks like a piece of an address; from 2 on it is one."""
    parted = spaced(text)
    score = 2 if _STREET.search(parted) or _COMPOUND.search(text) or (" " not in text.strip() and _GLUED_STREET.search(text)) else 0
    score += 2 if has_postal_code(text) and letters(text) > 1 else 0
    score += 2 if _REGION.search(parted) else 0
    score += 1 if re.match(r"\W*(?:no\W*)?\d{1,5}[A-Za-z]?\b[ ,.&/-]", parted, re.IGNORECASE) and letters(text) > 3 else 0
    return score + (1 if text.rstrip().endswith(",") else 0)

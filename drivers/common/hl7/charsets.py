"""Character sets: HL7 table 0211 as MSH-18 names it, and what to do when the name is wrong."""

import re
from typing import Final

# Table 0211 -> Python's codec. CNS 11643-1992 has none.
CODECS: Final = {
    "ASCII": "ascii",
    **{f"8859/{part}": f"iso8859_{part}" for part in (*range(1, 10), 15)},
    "ISO IR6": "ascii",
    "ISO IR14": "shift_jis",  # JIS X 0201
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc_kr",
    "UNICODE": "utf_8",  # as HAPI takes it
    "UNICODE UTF-8": "utf_8",
}
_FALL_BACK: Final = ("utf_8", "latin_1")  # latin-1 takes everything: no vital sign is lost for a garbled name
_HEADER: Final = re.compile(rb"MSH([^\r\n])([^\r\n]{0,1000})")
_MARKS: Final = "\ufeff\u2028 \t\r\n"  # seen before MSH


def decode(body: bytes) -> tuple[str, bool]:
    """Give the text, and whether it is what MSH-18 promised."""
    if body.isascii() and b"\x1b" not in body:
        return body.decode("ascii").lstrip(_MARKS), True
    promised = [codec for codec in _promised(body) if codec != "ascii"]
    for codec in (*promised, *_FALL_BACK):
        try:
            return body.decode(codec).lstrip(_MARKS), codec in promised
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 takes every byte")


def _promised(body: bytes) -> list[str]:
    """List the codecs that MSH-18 names, Unicode first: `ASCII~UNICODE UTF-8` is to be read with the widest."""
    found = _HEADER.search(body)
    if found is None:
        return []
    fields = found.group(2).split(found.group(1))
    named = fields[16].decode("latin_1").upper().split("~") if len(fields) > 16 else []
    return sorted(
        (CODECS[name.strip()] for name in named if name.strip() in CODECS), key=lambda codec: codec != "utf_8"
    )

"""What a device is called that the configuration doesn't list: LINK-KEY, whatever its key is made of."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from gateway.config import LinkConfig

SEGMENT_LIMIT: Final = 128
_SEGMENT: Final = re.compile(r"[^A-Za-z0-9-]")


def _hex(odd: re.Match[str]) -> str:
    """Write a character so that no two keys become one name."""
    return "".join(f"_{byte:02x}" for byte in odd.group().encode("utf-8", "replace"))


def digest(text: str) -> str:
    """Give a short name of a text, for a topic."""
    return hashlib.blake2s(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def segment(text: str) -> str:
    """Make a topic segment of a device's key; odd characters as `_` and hex, and what is too long as a digest of it."""
    plain = _SEGMENT.sub(_hex, text)
    if len(plain) <= SEGMENT_LIMIT:
        return plain
    return f"{plain[:SEGMENT_LIMIT]}-{digest(text)}"


def unlisted(links: Mapping[str, LinkConfig], link: str, key: str) -> str:
    """Give LINK-KEY; with a digest of both where a listed device is called so, or one of another link may be."""
    name = f"{link}-{segment(key)}"
    listed = {other.device for other in links.values()}
    listed |= {said.device for other in links.values() for said in other.devices.values()}
    longer = [other for other in links if other.startswith(f"{link}-")]
    is_in_doubt = name in listed or any(name.startswith(f"{other}-") for other in longer)
    return f"{name}-{digest(f'{link} {key}')}" if is_in_doubt else name

"""Where a link's bytes come from, as one URL."""

import ipaddress
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar, get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

S = TypeVar("S", bound=str)
Scheme: TypeAlias = Literal["serial", "tcp", "udp", "listen", "rfc2217", "replay"]
SCHEMES: Final[tuple[Scheme, ...]] = get_args(Scheme)
EXAMPLES: Final[dict[Scheme, str]] = {
    "serial": "serial:///dev/serial/by-id/usb-…?baudrate=9600",
    "tcp": "tcp://192.168.100.41:4001",
    "udp": "udp://192.168.100.42:24105",
    "listen": "listen://0.0.0.0:2575",
    "rfc2217": "rfc2217://192.168.100.43:4001?baudrate=9600",
    "replay": "replay://chair1.jsonl",
}
WITH_LINE: Final = ("serial", "rfc2217")  # over anything else, speed and parity are set at the other end
MAX_LENGTH: Final = 1024  # a path on Linux may be longer; a URL that a person wrote isn't

_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?")  # underscores: container networks


class UrlError(ValueError):
    """A URL that can't be used: what is wrong, and what to write."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class PortUrl:
    """Where a link's bytes come from. `path` of a recording is absolute after the configuration was loaded."""

    scheme: Scheme
    host: str = ""
    port: int = 0
    path: str = ""
    text: str = ""  # as written
    query: tuple[tuple[str, str], ...] = ()  # line settings

    def below(self, folder: Path) -> "PortUrl":
        """Give the same port with a recording's path counted from a folder."""
        return replace(self, path=str(folder / self.path)) if self.scheme == "replay" else self

    def takes_the_same_as(self, other: "PortUrl") -> bool:
        """Say whether two links with these ports would get in each other's way."""
        if self.path or other.path:
            return self.scheme == other.scheme == "serial" and _real(self.path) == _real(other.path)
        if (self.port, _transport(self.scheme)) != (other.port, _transport(other.scheme)):
            return False
        if self.scheme == "listen":
            return self.host == other.host or _is_everywhere(self.host) or _is_everywhere(other.host)
        return self.host.lower() == other.host.lower()


def parse(text: str) -> PortUrl:
    """Read a port's URL. Raises UrlError."""
    scheme, url = split(text, EXAMPLES)
    match scheme:
        case "serial":
            port = PortUrl("serial", path=_device(url), text=text)
        case "replay":
            port = PortUrl("replay", path=_file(url), text=text)
        case _:
            host, number = address(url, EXAMPLES[scheme])
            port = PortUrl(scheme, host, number, text=text)
    if url.query and scheme not in WITH_LINE:
        raise UrlError(f"a {scheme} port takes no ?{url.query}", "leave the part from ? on out")
    return replace(port, query=tuple(parse_qsl(url.query, keep_blank_values=True)))


def split(text: str, examples: dict[S, str]) -> tuple[S, SplitResult]:
    """Take a URL apart, if its scheme is one of the examples'. Raises UrlError."""
    known = "one of " + ", ".join(f"{scheme}://" for scheme in examples)
    if len(text) > MAX_LENGTH or not text.isprintable():
        raise UrlError("too long, or with characters that can't be printed", f"begin with {known}")
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise UrlError(f"not a URL ({error})", f"begin with {known}") from None
    for scheme in examples:
        if url.scheme == scheme and text.lower().startswith(f"{scheme}://"):
            return scheme, url
    if text.startswith("/") and EXAMPLES["serial"] in examples.values():
        raise UrlError("a path is no URL", f"write serial://{text}")
    message = f"{url.scheme}:// is not known here" if "://" in text else "this is no URL"
    raise UrlError(message, f"begin with {known}")


def address(url: SplitResult, example: str, default: int | None = None) -> tuple[str, int]:
    """Give a URL's host and port number. Raises UrlError."""
    remedy = f"write it like {example}"
    if url.username is not None or url.password is not None:
        raise UrlError("user and password don't belong into this URL", remedy)
    if url.path not in ("", "/") or url.fragment:
        raise UrlError(f"nothing may follow the port number, here {url.path or '#'!r}", remedy)
    host = url.hostname or ""
    if not _is_host(host):
        raise UrlError(f"{host!r} is no host" if host else "the host is missing", remedy)
    try:
        number = url.port if url.port is not None else default
    except ValueError:
        number = 0
    if number is None:
        raise UrlError("the port number is missing", remedy)
    if not 1 <= number <= 65535:
        raise UrlError("the port number must be 1 to 65535", remedy)
    return host, number


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        looks_numeric = re.fullmatch(r"[\d.]+", host)
        return bool(_HOST.fullmatch(host)) and not looks_numeric
    return True


def _device(url: SplitResult) -> str:
    remedy = f"write it like {EXAMPLES['serial']}, with three slashes"
    if url.fragment:
        raise UrlError("a # ends the path", "write # as %23")
    if url.netloc or not url.path.startswith("/") or len(url.path) < 2:
        raise UrlError("a serial port needs an absolute path", remedy)
    return unquote(url.path)


def _file(url: SplitResult) -> str:
    path = unquote(url.netloc + url.path)
    if not path or url.fragment:
        raise UrlError("a recording needs a file name", f"write it like {EXAMPLES['replay']}")
    return path


def _real(path: str) -> Path:
    return Path(path).resolve()  # two names below /dev/serial may be one port


def _transport(scheme: Scheme) -> str:
    return {"rfc2217": "tcp"}.get(scheme, scheme)


def _is_everywhere(host: str) -> bool:
    return host in ("0.0.0.0", "::")

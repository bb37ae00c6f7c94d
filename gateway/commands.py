"""What the commands do. Each imports what it needs when it runs: `onlooker run` must start fast."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from gateway.errors import ConfigError, FamilyError

if TYPE_CHECKING:
    from drivers.api import Family
    from gateway.config import Config
    from gateway.watch import Address
    from gateway.watch.screen import Lines, LiveTable

GOOD, FAULT, WRONG_USE = 0, 1, 2
WIDE: Final = 200  # columns for a file or a pipe: a port that was broken into lines can't be copied

ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG", exists=True, dir_okay=False, help="Configuration (YAML).")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def complain(line: str) -> None:
    """Say on stderr what is wrong."""
    typer.echo(f"onlooker: {line}", err=True)


def _give_up(line: str) -> NoReturn:
    complain(line)
    raise typer.Exit(WRONG_USE)


def _load(path: Path) -> "Config":
    from gateway.config import load
    from gateway.registry import installed

    return load(path, installed())


# Running


def run(
    config: ConfigFile,
    log_json: Annotated[
        bool | None, typer.Option("--log-json/--log-text", help="Default: text for a terminal.")
    ] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the gateway, until Ctrl-C or SIGTERM.

    A faulty configuration starts nothing. A port or broker that isn't there is said once and tried again.
    """
    from gateway import app as gateway_app
    from gateway.logs import LEVELS, configure

    if log_level.lower() not in LEVELS:
        _give_up(f"--log-level {log_level}: write one of {', '.join(LEVELS)}")
    configure(as_json=log_json, level=log_level)
    raise typer.Exit(gateway_app.run(_load(config), config))


def record(
    config: ConfigFile,
    link: Annotated[str, typer.Argument(help="A link's name in the configuration.")],
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="Where to; a new file.")],
    seconds: Annotated[float | None, typer.Option("--for", min=0.1, help="Seconds; default: until Ctrl-C.")] = None,
) -> None:
    """Keep what one link says and is told, with times, for `decode` and `replay`.

    A port has one reader: stop the gateway first. Example:

    onlooker record gateway.yaml chair1-monitor -o monitor.jsonl --for 60
    """
    from gateway import app as gateway_app
    from gateway.logs import configure

    loaded = _load(config)
    if link not in loaded.links:
        _give_up(f"there is no link {link!r}: write one of {', '.join(loaded.links)}")
    if output.exists():
        _give_up(f"{output} is there already: name a new file")
    configure()
    complain(f"{output} will hold what the wire holds, patient data too; only you can read it (mode 0600)")
    raise typer.Exit(gateway_app.record(loaded, link, output, seconds))


def watch(
    url: Annotated[str, typer.Argument(metavar="URL", help="mqtt://[USER@]HOST[:PORT], or mqtts://…")],
    password_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The user's password.")
    ] = None,
    ca_file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Whom to trust (mqtts).")] = None,
    root: Annotated[
        list[str] | None, typer.Option(help="First levels of the topics; default: both of Onlooker's.")
    ] = None,
    seconds: Annotated[float | None, typer.Option("--for", min=0.1, help="Seconds; default: until Ctrl-C.")] = None,
    once: Annotated[bool, typer.Option("--once", help="One look, then leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, for programs.")] = False,
    note: Annotated[str, typer.Option(hidden=True, help="A line below the table's heading.")] = "",
) -> None:
    """Show a broker's devices live: values with age and validity, states, outbox depth.

    Exit code 1 if nothing was heard. Into a pipe it writes a line for each change. Example:

    onlooker watch mqtts://gw1@broker.example --password-file mqtt.password
    """
    from gateway.watch import run as run_watch
    from gateway.watch.board import ROOTS

    address = _broker_address(url, password_file, ca_file)
    screen = _screen(f"onlooker watch {address}", as_json=as_json, is_once=once, note=note)
    raise typer.Exit(run_watch(address, screen, root or ROOTS, seconds, is_once=once))


def _broker_address(url: str, password_file: Path | None, ca_file: Path | None) -> "Address":
    import ssl
    from urllib.parse import unquote

    from gateway.config.port_url import UrlError, address, split
    from gateway.watch import Address

    examples = {"mqtt": "mqtt://broker:1883", "mqtts": "mqtts://broker:8883"}
    try:
        scheme, parts = split(url, examples)
        if parts.password is not None:
            raise UrlError("a password in a command line can be read by everybody", "use --password-file")
        host, port = address(
            parts._replace(netloc=parts.netloc.rpartition("@")[2]), examples[scheme], {"mqtt": 1883}.get(scheme, 8883)
        )
    except UrlError as error:
        _give_up(f"{error} ({error.remedy})")
    if ca_file is not None and scheme != "mqtts":
        _give_up("--ca-file is for mqtts:// (write mqtts://…)")
    password = _password(password_file) if password_file else None
    user = unquote(parts.username) if parts.username else None
    if password is not None and user is None:
        _give_up(f"--password-file needs a user (write {scheme}://USER@{host})")
    try:
        tls = ssl.create_default_context(cafile=ca_file) if scheme == "mqtts" else None
    except ssl.SSLError:
        _give_up(f"--ca-file {ca_file}: holds no certificate: name a PEM file")
    return Address(host, port, user, password, tls)


def _password(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        _give_up(f"--password-file {file}: is not UTF-8 text: put the password alone into it")


def _screen(heading: str, *, as_json: bool, is_once: bool, note: str) -> "Lines | LiveTable":
    from gateway.watch.screen import Lines, LiveTable

    if as_json or not (is_once or sys.stdout.isatty()):
        return Lines(typer.echo, complain, as_json=as_json)
    return LiveTable(heading, is_live=not is_once, note=note)


# Looking


def check(config: ConfigFile, as_json: AsJson = False) -> None:
    """Find every fault in a configuration at once; nothing is opened.

    Each fault is said with file, line, key and remedy. Exit code 0: none; 1: some.
    """
    from dataclasses import asdict

    try:
        loaded = _load(config)
    except ConfigError as error:
        if as_json:
            _print_json({"good": False, "faults": [asdict(fault) for fault in error.faults]})
        else:
            for fault in error.faults:
                typer.echo(str(fault))
            count = len(error.faults)
            complain(f"{config} has {count} fault{'s' if count > 1 else ''}")
        raise typer.Exit(FAULT) from None
    from gateway.overview import overview, table

    if as_json:
        _print_json({"good": True, "faults": [], **overview(loaded)})
    else:
        _print_rich(table(overview(loaded)))


def families(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One family, in full.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is supported, on what evidence, what it may send, and what it asks for.

    With a NAME also: what nobody has confirmed, line settings, each request, link loss, settings.
    """
    from gateway import catalogue
    from gateway.registry import installed

    registry = installed()
    if name is not None and name not in registry.names:
        _give_up(f"unknown family {name!r}: write one of {', '.join(registry.names)}")
    entries, broken = [], []
    for each in (name,) if name else registry.names:
        try:
            entries.append(catalogue.entry(registry.get(each)))
        except FamilyError as error:
            broken.append(str(error))
    if as_json:
        _print_json(entries)
    elif entries:
        _print_rich(catalogue.page(entries[0]) if name and entries else catalogue.table(entries))
    for line in broken:
        complain(line)
    raise typer.Exit(FAULT if broken else GOOD)


def decode(
    family: Annotated[str, typer.Argument(help="See `onlooker families`.")],
    file: Annotated[Path, typer.Argument(help="Recording or raw bytes; - for stdin.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="The family's settings.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Of device clocks that don't say an offset.")] = "UTC",
) -> None:
    """Turn a recording or raw bytes into observations: JSON lines on stdout, damage on stderr.

    Exit code 1 if bytes were damaged or nothing was found. Example:

    onlooker decode bbraun_space rack.bin --set stuffing=true
    """
    from zoneinfo import ZoneInfo

    from drivers.capture import CaptureError
    from gateway.decode import decode as decode_bytes
    from gateway.registry import installed

    registry = installed()
    if family not in registry.names:
        _give_up(f"unknown family {family!r}: write one of {', '.join(registry.names)}")
    said = dict(_pair(text) for text in settings or ())
    try:
        zone = ZoneInfo(timezone)
    except (OSError, ValueError, KeyError):
        _give_up(f"unknown time zone {timezone!r}: write a name such as Europe/Berlin")
    manifest = registry.get(family)
    _judge_settings(manifest, said)
    data = _read(file)
    try:
        raise typer.Exit(decode_bytes(manifest, data, said, _write_line, complain, zone))
    except CaptureError as error:
        complain(f"{file}: {error}: make the recording anew, or cut it there")
        raise typer.Exit(FAULT) from None


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        _give_up(f"{file}: {error.strerror}: name a recording or a file of raw bytes, or - for stdin")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        _give_up(f"--set {text}: write KEY=VALUE")
    return key, value


def _judge_settings(family: "Family", said: dict[str, str]) -> None:
    from pydantic import ValidationError

    from gateway.config import family_settings

    try:
        family_settings(family, said)
    except ValidationError as error:
        for one in error.errors():
            option = " ".join(("--set", ".".join(map(str, one["loc"])))).rstrip()
            complain(f"{option}: {one['msg']} ({one.get('ctx', {}).get('remedy', '')})")
        raise typer.Exit(WRONG_USE) from None


def schema(
    kind: Annotated[
        str | None, typer.Argument(help="Such as observations, event, configuration; default: all in one object.")
    ] = None,
    write: Annotated[Path | None, typer.Option(file_okay=False, metavar="DIR", help="Write one file for each.")] = None,
    _as_json: Annotated[bool, typer.Option("--json", help="They are JSON anyway.")] = False,
) -> None:
    """Print the JSON Schemas of the messages and of the configuration, and the AsyncAPI document."""
    from gateway import config, model

    documents: dict[str, Any] = {**model.schemas(), "configuration": config.schema(), "asyncapi": model.asyncapi()}
    if kind is not None and kind not in documents:
        _give_up(f"there is no schema {kind!r}: write one of {', '.join(documents)}")
    if write is None:
        _print_json(documents[kind] if kind else documents)
        return
    write.mkdir(parents=True, exist_ok=True)
    for name in (kind,) if kind else documents:
        text = json.dumps(documents[name], indent=2, ensure_ascii=False)
        (write / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


# Printing


def _print_json(said: object) -> None:
    typer.echo(json.dumps(said, indent=2, ensure_ascii=False, default=str))


def _print_rich(what: Any) -> None:
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else WIDE).print(what)


def _write_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")


COMMANDS: Final = (run, watch, check, families, decode, record, schema)  # in the order of the help

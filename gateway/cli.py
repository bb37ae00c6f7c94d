"""The command line: our own commands, those that others add, and how a command ends."""

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import typer

from gateway.commands import COMMANDS, FAULT, GOOD, complain
from gateway.errors import ConfigError, GatewayError

GROUP: Final = "onlooker.commands"  # entry points: functions that take the Typer app and add to it

app = typer.Typer(
    name="onlooker",
    help="Read-only telemetry gateway: bedside monitors and infusion pumps to MQTT. It never controls anything.",
    epilog="Exit code: 0 good, 1 found a fault, 2 wrong use. Begin with: onlooker demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 good, 1 found a fault, 2 wrong use."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        _add_commands_for(words)
        app(args=words, prog_name="onlooker")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else FAULT
    except ConfigError as error:
        for fault in error.faults:
            complain(str(fault))
        return FAULT
    except GatewayError as error:
        complain(str(error))
        return FAULT
    except ExceptionGroup as several:  # a task group's: ours only if all of them are
        if several.split(GatewayError)[1] is not None:
            raise
        for line in _lines(several):
            complain(line)
        return FAULT
    except OSError as error:
        if error.filename is None:  # not something that the operator named
            raise
        complain(f"{error.filename}: {error.strerror}: mend the path or its rights")
        return FAULT
    return GOOD


def _lines(several: ExceptionGroup[Exception]) -> Iterator[str]:
    for error in several.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _lines(error)
        else:
            yield str(error)


def _add_commands_for(words: Sequence[str]) -> None:
    """Load what others add, unless the command is one of ours."""
    name = next((word for word in words if not word.startswith("-")), None)
    if name not in {command.__name__ for command in COMMANDS}:
        from importlib.metadata import entry_points

        for point in entry_points(group=GROUP):
            try:
                point.load()(app)
            except Exception as error:  # whatever it is, our own commands still work
                complain(f"commands of {point.value} can't be used: {type(error).__name__}: {error}")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"onlooker {version('onlooker')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for command in COMMANDS:
    app.command()(command)

if __name__ == "__main__":
    sys.exit(main())

"""A good configuration in one look: who is read, where, and as whom it is published."""

from typing import TYPE_CHECKING, Any

from gateway.catalogue import sends
from gateway.config import Config, LinkConfig

if TYPE_CHECKING:
    from rich.console import RenderableType


def overview(config: Config) -> dict[str, Any]:
    """Give what an operator would want to see again, as plain values; no secrets."""
    broker = config.broker
    return {
        "site": config.site,
        "gateway": config.gateway,
        "mode": config.mode,
        "root": config.root,
        "broker": f"{broker.scheme}://{broker.host}:{broker.port}",
        "links": [_link(link) for link in config.links.values()],
    }


def _link(link: LinkConfig) -> dict[str, Any]:
    return {
        "link": link.name,
        "family": link.family.name,
        "port": link.port.text,
        "device": link.device,
        "station": link.station,
        "devices": [
            {"key": key, "device": device.device, "station": device.station} for key, device in link.devices.items()
        ],
        "sends": sends(link.family),
        "accept_risk": link.accept_risk,
    }


def table(said: dict[str, Any]) -> "RenderableType":
    """Draw it: each link with its port, and what is published as what."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold underline", padding=(0, 2, 0, 0))
    for heading in ("Link", "Family", "Port, and who is published there"):
        grid.add_column(heading, no_wrap=heading == "Family", overflow="fold")
    for link in said["links"]:
        speaks = "\n  sends ".join(link["sends"]) or "nothing"
        keys = [f"  {device['key']}: {device['station']}/{device['device']}" for device in link["devices"]]
        lines = [link["port"], f"  {link['station']}/{link['device']}", *keys]
        grid.add_row(link["link"], f"{link['family']}\n  sends {speaks}", Text("\n".join(lines)))
    heading = f"{said['site']}/{said['gateway']}, {said['mode']}: {said['root']}/{said['site']}/… on {said['broker']}"
    return Group(Text(heading, style="bold"), grid, Text("good", style="green"))

"""The configuration: one YAML file, with every fault found at once."""

from gateway.config.file import family_settings
from gateway.config.port_url import PortUrl
from gateway.config.resolved import Broker, Config, DeviceConfig, LinkConfig, OutboxLimits, load, schema
from gateway.errors import ConfigError, Fault

__all__ = [
    "Broker",
    "Config",
    "ConfigError",
    "DeviceConfig",
    "Fault",
    "LinkConfig",
    "OutboxLimits",
    "PortUrl",
    "family_settings",
    "load",
    "schema",
]

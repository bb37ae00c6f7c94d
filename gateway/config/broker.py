"""The broker's section: where it is, and what proves who we are."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator, SecretStr, ValidationInfo

from gateway.config.port_url import UrlError, address, split
from gateway.config.rules import Section, around, existing_file, text_of, wrong

BrokerScheme: TypeAlias = Literal["mqtt", "mqtts", "embedded"]
MqttVersion: TypeAlias = Literal["3.1.1", "5"]

EXAMPLES: Final[dict[BrokerScheme, str]] = {
    "mqtt": "mqtt://broker",
    "mqtts": "mqtts://broker",
    "embedded": "embedded://127.0.0.1:1883",
}
DEFAULT_PORTS: Final[dict[BrokerScheme, int]] = {"mqtt": 1883, "mqtts": 8883, "embedded": 1883}
MAX_PASSWORD: Final = 65_535  # MQTT's length field (MQTT 3.1.1, 1.5.3)


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """Where the broker is."""

    scheme: BrokerScheme
    host: str
    port: int


def parse_broker_url(text: str) -> BrokerUrl:
    """Read a broker's URL. Raises UrlError."""
    scheme, url = split(text, EXAMPLES)
    if url.query:
        raise UrlError(f"the broker's URL takes no ?{url.query}", f"write it like {EXAMPLES[scheme]}")
    return BrokerUrl(scheme, *address(url, EXAMPLES[scheme], DEFAULT_PORTS[scheme]))


def _url(value: object, info: ValidationInfo) -> BrokerUrl:
    try:
        url = parse_broker_url(text_of(value))
    except UrlError as error:
        raise wrong(str(error), error.remedy) from None
    if url.scheme == "embedded" and around(info).mode == "production":
        raise wrong("the embedded broker forgets everything on a restart", "write mqtts://BROKER, or mode: test")
    return url


def _secret_file(value: object, info: ValidationInfo) -> Path:
    path = existing_file(value, info)
    if path.stat().st_mode & stat.S_IROTH:
        raise wrong(f"everybody on this machine can read {path}", f"chmod o-rwx {path}")
    if not os.access(path, os.R_OK):
        raise wrong(f"{path} can't be read", "let the user that runs Onlooker read it")
    return path


def _password_in_file(value: object, info: ValidationInfo) -> SecretStr:
    path = _secret_file(value, info)
    remedy = "put the password alone into it"
    if path.stat().st_size > MAX_PASSWORD:
        raise wrong(f"{path} is too large for a password", remedy)
    try:
        return _password(path.read_text(encoding="utf-8").rstrip("\r\n"), f"{path} is empty", info)
    except UnicodeDecodeError:
        raise wrong(f"{path} is not UTF-8 text", remedy) from None


def _password_in_environment(value: object, info: ValidationInfo) -> SecretStr:
    name = text_of(value)
    if info.data.get("password_file") is not None:
        raise wrong("password_file is given too", "keep one of the two")
    found = around(info).environment.get(name, "")
    return _password(found, f"the environment variable {name} is not set", info)


def _password(password: str, if_empty: str, info: ValidationInfo) -> SecretStr:
    if not password:
        raise wrong(if_empty, "put the password there")
    if "user" in info.data and info.data["user"] is None:
        raise wrong("a password without a user", "write user: NAME beside it")
    return SecretStr(password)


def _with_tls(path: Path, info: ValidationInfo) -> Path:
    url = info.data.get("url")
    if url is not None and url.scheme != "mqtts":
        raise wrong(f"has no effect over {url.scheme}://", "write url: mqtts://…, or leave it out")
    return path


def _certificate(value: object, info: ValidationInfo) -> Path:
    return _with_tls(existing_file(value, info), info)


def _key(value: object, info: ValidationInfo) -> Path:
    if "cert_file" in info.data and info.data["cert_file"] is None:
        raise wrong("a key without a certificate", "write cert_file: FILE beside it")
    return _with_tls(_secret_file(value, info), info)


def _version(version: MqttVersion, info: ValidationInfo) -> MqttVersion:
    url = info.data.get("url")
    if url is not None and url.scheme == "embedded" and version != "3.1.1":
        raise wrong("the embedded broker speaks MQTT 3.1.1 only", "leave version out")
    return version


class BrokerSection(Section):
    """The MQTT broker. Passwords never stand in this file."""

    url: Annotated[BrokerUrl, PlainValidator(_url, json_schema_input_type=str)] = Field(
        description="mqtts://HOST, mqtt://HOST or (test mode) embedded://127.0.0.1:1883"
    )
    user: str | None = Field(default=None, min_length=1, max_length=1024)
    password_file: Annotated[SecretStr, PlainValidator(_password_in_file, json_schema_input_type=str)] | None = Field(
        default=None, description="file that holds the password alone; not readable by everybody"
    )
    password_env: Annotated[SecretStr, PlainValidator(_password_in_environment, json_schema_input_type=str)] | None = (
        Field(default=None, description="environment variable that holds the password")
    )
    version: Annotated[MqttVersion, AfterValidator(_version)] = Field(
        default="3.1.1", description="5 adds message expiry and content type"
    )
    keepalive_s: int = Field(
        5, strict=True, ge=1, le=3600, description="a frozen broker is noticed after about twice this"
    )
    ca_file: Annotated[Path, PlainValidator(_certificate, json_schema_input_type=str)] | None = Field(
        default=None, description="whom to trust; without it, the system's certificate authorities"
    )
    cert_file: Annotated[Path, PlainValidator(_certificate, json_schema_input_type=str)] | None = Field(
        default=None, description="our own certificate, where the broker asks for one"
    )
    key_file: Annotated[Path, PlainValidator(_key, json_schema_input_type=str)] | None = Field(
        default=None, description="its key; not readable by everybody"
    )
    client_id: str = Field(default="", max_length=128, description="default: onlooker-SITE-GATEWAY")

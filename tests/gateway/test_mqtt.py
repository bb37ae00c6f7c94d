import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import paho.mqtt.client as paho
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway import mqtt
from gateway.mqtt import Decoder, Kind, Packet, ProtocolError, Will

Version = Literal["3.1.1", "5"]
WILL = Will("onlooker/v1/clinic/_gateway/gw1/status", b'{"state":"offline"}')
VERSIONS: list[Version] = ["3.1.1", "5"]
PAYLOADS = [b"", b"x", b"y" * 90, b"z" * 127, b"z" * 128, b"z" * 20_000]


def properties() -> Any:
    """Paho's own, which have no types."""
    return Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has none


# Exact bytes, by the OASIS texts


def test_connect_as_the_standard_lays_it_out() -> None:
    packet = mqtt.connect("id", 5, "gw1", "pw", Will("w", b"off"), "3.1.1")
    assert packet == bytes.fromhex(
        "10 1f"  # CONNECT, remaining length (3.1.1)
        "00 04 4d 51 54 54 04"  # MQTT, level 4 (3.1.2.1, 3.1.2.2)
        "ee"  # user, password, will retained, will QoS 1, will, clean session (3.1.2.3)
        "00 05"  # keep alive
        "00 02 69 64  00 01 77  00 03 6f 66 66"  # client id, will topic, will message (3.1.3)
        "00 03 67 77 31  00 02 70 77"  # user, password
    )


def test_connect_without_login_of_version_5() -> None:
    packet = mqtt.connect("id", 10, None, None, Will("w", b"off"), "5")
    assert packet == bytes.fromhex(
        "10 18  00 04 4d 51 54 54 05  2e  00 0a  00  00 02 69 64  00  00 01 77 00 03 6f 66 66"
    )


def test_publish_as_the_standard_lays_it_out() -> None:
    assert mqtt.publish(mqtt.topic_head("a/b"), 10, b"", b"{}") == bytes.fromhex("32 09 00 03 61 2f 62 00 0a 7b 7d")
    assert mqtt.publish_retained(mqtt.topic_head("a/b"), 10, b"", b"{}")[0] == 0x33
    assert mqtt.publish_once(mqtt.topic_head("a/b"), b"", b"{}") == bytes.fromhex("30 07 00 03 61 2f 62 7b 7d")


def test_ping_and_farewell() -> None:
    assert (mqtt.ping(), mqtt.disconnect()) == (bytes.fromhex("c0 00"), bytes.fromhex("e0 00"))


# The same from a library that others wrote


@contextmanager
def foreign(version: Version, **login: Any) -> Iterator[tuple[paho.Client, socket.socket, bytes]]:
    """A paho client that has just introduced itself: client, the broker's end, and the CONNECT."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        protocol = paho.MQTTv5 if version == "5" else paho.MQTTv311
        clean = None if version == "5" else True
        client = paho.Client(CallbackAPIVersion.VERSION2, "onlooker-clinic-gw1", clean, protocol=protocol)
        client.will_set(WILL.topic, WILL.payload, qos=1, retain=True)
        if login:
            client.username_pw_set(**login)
        client.connect("127.0.0.1", server.getsockname()[1], 5, clean_start=True if version == "5" else 3)
        broker, _ = server.accept()
        with broker:
            broker.settimeout(5.0)
            hello = broker.recv(65536)
            broker.sendall(b"\x20\x03\x00\x00\x00" if version == "5" else b"\x20\x02\x00\x00")
            client.loop_read()
            try:
                yield client, broker, hello
            finally:
                client.disconnect()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("login", [{}, {"username": "gw1", "password": "geheim-ü"}])
def test_connect_is_what_paho_sends(version: Version, login: dict[str, str]) -> None:
    with foreign(version, **login) as (_, _, hello):
        ours = mqtt.connect("onlooker-clinic-gw1", 5, login.get("username"), login.get("password"), WILL, version)
        assert ours == hello


def received(broker: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += broker.recv(65536)
    return data


@pytest.mark.parametrize("is_retained", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_publications_are_what_paho_sends(version: Version, is_retained: bool) -> None:
    topic = "onlooker/v1/clinic/chair1/monitor1/observations"
    kind = mqtt.publish_retained if is_retained else mqtt.publish
    with foreign(version) as (client, broker, _):
        for payload in PAYLOADS:
            content = properties()
            content.PayloadFormatIndicator, content.ContentType = 1, "application/json"
            said = client.publish(topic, payload, 1, is_retained, content if version == "5" else None)
            ours = kind(mqtt.topic_head(topic), said.mid, mqtt.properties(version), payload)
            assert received(broker, len(ours)) == ours


@pytest.mark.parametrize("version", VERSIONS)
def test_waveforms_are_what_paho_sends(version: Version) -> None:
    with foreign(version) as (client, broker, _):
        client.publish("w/pleth", b"[1,2]", 0, properties=properties() if version == "5" else None)
        ours = mqtt.publish_once(mqtt.topic_head("w/pleth"), b"\x00" if version == "5" else b"", b"[1,2]")
        assert received(broker, len(ours)) == ours


def test_properties_are_what_paho_reads() -> None:
    read = properties()
    read.unpack(mqtt.properties("5", expiry_s=90))
    assert read.json() == {
        "PayloadFormatIndicator": 1, "ContentType": "application/json", "MessageExpiryInterval": 90,
    }  # fmt: skip
    assert mqtt.properties("3.1.1", expiry_s=90) == b""


def test_a_publication_can_be_larger_than_two_length_bytes_hold() -> None:
    packet = mqtt.publish(b"\x00\x01a", 1, b"", b"x" * 2_097_152)
    assert packet[:5] == bytes((0x32, 0x85, 0x80, 0x80, 0x01)), "2 097 157 = 5 + 128 * 128 * 128"


# What a broker says

CONNACK = bytes.fromhex("20 02 00 00")
TALK_5 = (
    bytes.fromhex("20 09 00 00 06 21 00 14 13 00 0a")  # receive maximum 20, server keep alive 10
    + bytes.fromhex("40 02 00 01  40 03 00 02 10  40 04 00 03 00 00")  # PUBACKs, the short form and the long ones
    + bytes.fromhex("d0 00  e0 02 8b 00")  # PINGRESP; DISCONNECT, server shutting down
)
SAID_5 = [
    Packet(Kind.CONNACK, 0, 0, 20, 10), Packet(Kind.PUBACK, 1), Packet(Kind.PUBACK, 2, 0x10), Packet(Kind.PUBACK, 3),
    Packet(Kind.PINGRESP), Packet(Kind.DISCONNECT, 0, 0x8B),
]  # fmt: skip
TALK_4 = CONNACK + bytes.fromhex("40 02 00 01 40 02 ff ff d0 00")
SAID_4 = [Packet(Kind.CONNACK), Packet(Kind.PUBACK, 1), Packet(Kind.PUBACK, 65535), Packet(Kind.PINGRESP)]


@pytest.mark.parametrize(("version", "talk", "said"), [("3.1.1", TALK_4, SAID_4), ("5", TALK_5, SAID_5)])
def test_what_a_broker_says(version: Version, talk: bytes, said: list[Packet]) -> None:
    assert Decoder(version).feed(talk) == said


@given(st.sampled_from([("3.1.1", TALK_4, SAID_4), ("5", TALK_5, SAID_5)]), st.lists(st.integers(0, 40), max_size=10))
@settings(max_examples=100, deadline=None)
def test_any_split_says_the_same(talk: tuple[Version, bytes, list[Packet]], cuts: list[int]) -> None:
    version, data, said = talk
    decoder, heard = Decoder(version), list[Packet]()
    at = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for start, end in zip(at, at[1:], strict=False):  # noqa: RUF007  # pieces may be empty: that is the point
        heard += decoder.feed(data[start:end])
    assert heard == said


@given(st.sampled_from(VERSIONS), st.lists(st.binary(max_size=200), max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_garbage_is_packets_or_a_protocol_error(version: Version, pieces: list[bytes]) -> None:
    decoder = Decoder(version)
    try:
        for piece in pieces:
            for packet in decoder.feed(piece):
                assert isinstance(packet, Packet)
    except ProtocolError:
        return


@given(st.binary(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_properties_in_a_connack_are_survived(block: bytes) -> None:
    body = b"\x00\x00" + bytes((len(block),)) + block
    try:
        packet = Decoder("5").feed(b"\x20" + bytes((len(body),)) + body)[0]
    except ProtocolError:
        return
    assert packet.kind is Kind.CONNACK
    assert 1 <= packet.receive_maximum <= 65535, "zero is a protocol error (MQTT 5, 3.2.2.3.3)"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x32\x05\x00\x01a{}", id="a publication: we never subscribed"),
        pytest.param(b"\x90\x03\x00\x01\x00", id="SUBACK"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", id="a web server"),
        pytest.param(b"\x40\x01\x00", id="PUBACK without packet id"),
        pytest.param(b"\x20\x80\x80\x80\x80\x01", id="a length of five bytes"),
        pytest.param(b"\x20\xff\xff\xff\x7f", id="a packet of 256 MiB"),
    ],
)
def test_what_no_broker_says_to_a_publisher_ends_the_connection(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        Decoder("5").feed(data + b"\x00" * 100)


def test_a_receive_maximum_of_nothing_is_an_error_not_a_standstill() -> None:
    with pytest.raises(ProtocolError):  # MQTT 5, 3.2.2.3.3
        Decoder("5").feed(bytes.fromhex("20 06 00 00 03 21 00 00"))


def test_a_packet_that_never_ends_takes_a_bounded_amount_of_memory() -> None:
    decoder = Decoder("3.1.1")
    assert decoder.feed(b"\x20\xff\xff\x03") == []  # 65 535 bytes are to come
    for _ in range(64):
        assert decoder.feed(b"\x00" * 1000) == []
    with pytest.raises(ProtocolError):
        decoder.feed(b"\xff" * 200_000)


def test_every_refusal_that_an_operator_can_mend_has_a_remedy() -> None:
    refusals_3, refusals_5 = {1, 2, 3, 4, 5}, {0x84, 0x85, 0x86, 0x87, 0x8A}
    assert {*mqtt.REFUSALS} >= refusals_3 | refusals_5


def test_there_is_no_way_to_subscribe() -> None:
    assert not [name for name in dir(mqtt) if "subscribe" in name.lower()]

import json
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from drivers.vocabulary import AlarmCode, EventKind, Metric, Phase, Priority, Reason, Validity
from gateway import model

WHO = {"gateway": "gw1", "site": "clinic", "station": "chair1", "device": "monitor1", "family": "made_up"}
NUMBERS = {"stream": "5eed", "seq": 7, "id": "5eed:7"}
TIMES: dict[str, Any] = {
    "received_at": "2026-01-01T00:00:00.000000Z", "device_time": None, "clock_offset_s": None, "simulated": False,
}  # fmt: skip
ONE: dict[str, Any] = {
    "metric": "spo2", "value": 97, "unit": "%", "validity": "valid", "reason": None, "loinc": "59408-5",
    "mdc": {"code": 150456, "refid": "MDC_PULS_OXIM_SAT_O2"}, "name": "SPO2", "raw": "97", "source": "",
}  # fmt: skip
TIMED: dict[str, Any] = {
    **ONE, "metric": "nibp_systolic", "device_time": "2026-01-01T00:59:00",
    "measured_at": "2025-12-31T23:59:00.000000Z",
}  # fmt: skip
GOOD: dict[str, dict[str, Any]] = {
    "observations": {
        "schema": "onlooker.observations/1", **WHO, **NUMBERS, **TIMES, "observations": [ONE, TIMED],
        "historical": False,
    },
    "event": {
        "schema": "onlooker.event/1", **WHO, **NUMBERS, **TIMES, "event": "alarm", "phase": "begin", "origin": "device",
        "not_before": None, "from": None, "to": "high", "code": "occlusion", "priority": "high", "mdc": None,
        "text": "", "source": "", "raw": "", "historical": True,
    },
    "waveform": {
        "schema": "onlooker.waveform/1", **WHO, **NUMBERS, **TIMES, "metric": "pleth", "name": "pleth", "unit": "%",
        "period_s": 0.016, "samples": [1, None, 2.5], "validity": "valid", "historical": False,
    },
    "status": {
        "schema": "onlooker.status/1", **WHO, "state": "delivering", "since": TIMES["received_at"],
        "sent_at": TIMES["received_at"], "expires_at": TIMES["received_at"], "last_data_at": None,
        "clock_offset_s": 1.5, "simulated": False,
        "identity": {"manufacturer": "", "model": "", "serial": "", "firmware": "", "dialect": ""},
        "counters": {"reports": 1},
    },
    "gateway": {
        "schema": "onlooker.gateway/1", "gateway": "gw1", "site": "clinic", "state": "online", "version": "0.1.0",
        "simulated": False, "sent_at": TIMES["received_at"], "expires_at": TIMES["received_at"], "outbox_depth": 0,
        "outbox_bytes": 0, "dropped": {}, "refused": {}, "links": {"chair1": "delivering"},
    },
}  # fmt: skip


VALIDATORS = {kind: jsonschema.Draft202012Validator(schema) for kind, schema in model.schemas().items()}


def test_there_is_one_schema_for_each_kind_of_message() -> None:
    assert model.schemas().keys() == model.KINDS.keys() == GOOD.keys()
    for schema in model.schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("kind", GOOD)
def test_a_message_of_the_contract_is_one_for_model_and_schema(kind: str) -> None:
    VALIDATORS[kind].validate(GOOD[kind])
    written = model.KINDS[kind].model_validate(GOOD[kind]).model_dump_json(by_alias=True)
    assert json.loads(written) == GOOD[kind]


@pytest.mark.parametrize("kind", ["observations", "event", "waveform"])
def test_every_field_that_the_contract_names_must_be_there(kind: str) -> None:
    named = {
        "schema", "stream", "seq", "id", "gateway", "site", "station", "device", "family", "received_at", "device_time",
        "clock_offset_s", "simulated", "historical",
    }  # fmt: skip
    required = model.schemas()[kind]["required"]
    assert named <= {*required}
    for field in required:
        assert not VALIDATORS[kind].is_valid({name: said for name, said in GOOD[kind].items() if name != field})


def test_every_field_of_an_observation_must_be_there() -> None:
    for one in (ONE, TIMED):
        for field in ONE:
            poor = {name: said for name, said in one.items() if name != field}
            assert not VALIDATORS["observations"].is_valid({**GOOD["observations"], "observations": [poor]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"validity": "fine"}, {"reason": "no idea"}, {"metric": "mood"}, {"value": [97]}, {"extra": 1}, {"mdc": 150456},
        {"measured_at": "2026-01-01T00:00:00Z"}, {"unit": 5},
    ],
)  # fmt: skip
def test_what_is_no_observation_is_refused(wrong: dict[str, Any]) -> None:
    said = {**GOOD["observations"], "observations": [{**ONE, **wrong}]}
    assert not VALIDATORS["observations"].is_valid(said)
    with pytest.raises(ValidationError):
        model.Observations.model_validate(said)


@pytest.mark.parametrize("name", ["", "_gateway", "a/b", "a b", "a+", "#", "ü"])
@pytest.mark.parametrize("field", ["gateway", "site", "station", "device"])
def test_names_that_would_break_a_topic_are_refused(field: str, name: str) -> None:
    said = {**GOOD["observations"], field: name}
    with pytest.raises(ValidationError):
        model.Observations.model_validate(said)
    assert not VALIDATORS["observations"].is_valid(said)


def test_sequence_numbers_begin_with_one() -> None:
    with pytest.raises(ValidationError):
        model.Observations.model_validate({**GOOD["observations"], "seq": 0})


def test_the_words_are_those_of_the_vocabulary() -> None:
    text = json.dumps(model.schemas())
    for words in (Metric, Validity, Reason, EventKind, Phase, Priority, AlarmCode):
        assert all(json.dumps(word) in text for word in words)


def test_what_is_identifying_has_no_field() -> None:
    forbidden = {"patient", "patient_id", "patient_name", "nurse", "order", "mrn", "birth"}
    for schema in model.schemas().values():
        names = {*schema["properties"]} | {
            name for part in schema.get("$defs", {}).values() for name in part.get("properties", {})
        }
        assert not names & forbidden


# AsyncAPI


def test_the_asyncapi_document_names_each_topic_with_its_qos_and_whether_it_is_retained() -> None:
    said = model.asyncapi()
    assert said["asyncapi"].startswith("3.")
    assert {kind: channel["address"] for kind, channel in said["channels"].items()} == {
        "observations": "onlooker/v1/{site}/{station}/{device}/observations",
        "event": "onlooker/v1/{site}/{station}/{device}/events",
        "status": "onlooker/v1/{site}/{station}/{device}/status",
        "waveform": "onlooker/v1/{site}/{station}/{device}/waveforms/{name}",
        "gateway": "onlooker/v1/{site}/_gateway/{gateway}/status",
    }
    bindings = {key: operation["bindings"]["mqtt"] for key, operation in said["operations"].items()}
    assert {key: (said["qos"], said["retain"]) for key, said in bindings.items()} == {
        "send_observations": (1, False), "send_event": (1, False), "send_status": (1, True),
        "send_waveform": (0, False), "send_gateway": (1, True),
    }  # fmt: skip


def test_the_asyncapi_document_names_each_parameter_of_a_topic() -> None:
    for channel in model.asyncapi()["channels"].values():
        assert all(f"{{{name}}}" in channel["address"] for name in channel["parameters"])
        assert channel["address"].count("{") == len(channel["parameters"])


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    said = model.asyncapi()

    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if "$ref" in part else []
            return own + [found for value in part.values() for found in references(value)]
        return [found for value in part for found in references(value)] if isinstance(part, list) else []

    assert references(said)
    for reference in references(said):
        if not reference.startswith("#/"):
            assert reference.removesuffix(".json") in model.KINDS
            continue
        at = said
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Status
from gateway.presence import TRANSITIONS, Change, State, after

C, S = Change, State
# What is believed of a device, by (state, change); what is missing leaves the state.
TABLE = {
    (S.CONNECTING, C.OPENED): S.SILENT,
    (S.CONNECTING, C.DATA): S.DELIVERING,
    (S.CONNECTING, C.LOST): S.DISCONNECTED,
    (S.SILENT, C.DATA): S.DELIVERING,
    (S.SILENT, C.DAMAGE): S.DAMAGED,
    (S.SILENT, C.LOST): S.DISCONNECTED,
    (S.DELIVERING, C.QUIET): S.SILENT,
    (S.DELIVERING, C.DAMAGE): S.DAMAGED,
    (S.DELIVERING, C.LOST): S.DISCONNECTED,
    (S.DAMAGED, C.DATA): S.DELIVERING,
    (S.DAMAGED, C.QUIET): S.SILENT,
    (S.DAMAGED, C.LOST): S.DISCONNECTED,
    (S.DISCONNECTED, C.OPENED): S.SILENT,
    (S.DISCONNECTED, C.DATA): S.DELIVERING,
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("change", Change)
def test_each_change_leads_where_the_table_says(state: State, change: Change) -> None:
    assert after(state, change) is TABLE.get((state, change), state)


def test_the_table_is_complete() -> None:
    assert TRANSITIONS == TABLE


@given(st.lists(st.sampled_from(Change)))
def test_only_data_makes_a_device_deliver(changes: list[Change]) -> None:
    state = State.CONNECTING
    for change in changes:
        before, state = state, after(state, change)
        if state is State.DELIVERING:
            assert change is Change.DATA or before is State.DELIVERING
        assert (change is Change.DATA) <= (state is State.DELIVERING)
        assert (change is Change.LOST) <= (state is State.DISCONNECTED)


@given(st.lists(st.sampled_from(Change)))
def test_an_open_port_with_nothing_fresh_is_silent(changes: list[Change]) -> None:
    state = State.CONNECTING
    for change in changes:
        state = after(state, change)
    assert after(after(state, Change.OPENED), Change.QUIET) in (State.SILENT, State.CONNECTING, State.DISCONNECTED)


def test_the_states_are_those_of_the_contract() -> None:
    said = Status.model_json_schema(by_alias=True)["properties"]["state"]["enum"]
    assert sorted(said) == sorted(State)

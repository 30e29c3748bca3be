"""The head of a message is read without its body, and says the same as full decoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline import PerspectiveError
from sightline._proto import sightline_pb2 as pb
from sightline._wire import kind_number, scan


@given(st.integers(0, 2**32 - 1), st.text(max_size=300), st.binary(max_size=300))
def test_head_equals_full_decoding(msg_id: int, entity: str, body: bytes) -> None:
    data = pb.MakeTableData(from_arrow=body)
    request = pb.Request(msg_id=msg_id, entity_id=entity, table_update_req=pb.TableUpdateReq(data=data))
    encoded = request.SerializeToString()
    head = scan(encoded)
    assert (head.msg_id, head.entity_id) == (msg_id, entity)
    assert head.kind == kind_number("table_update_req")
    assert pb.TableUpdateReq.FromString(encoded[head.body_start : head.body_end]).data == data


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        head = scan(data)
    except PerspectiveError as error:
        assert "Undecipherable" in str(error)
    else:
        assert 0 <= head.msg_id < 2**32


@pytest.mark.parametrize("data", [b"\x08", b"\x12\x05ab", b"\x0b", b"\x12\x01\xff", b"\x80" * 20])
def test_broken_messages_are_refused(data: bytes) -> None:
    with pytest.raises(PerspectiveError, match="Undecipherable"):
        scan(data)

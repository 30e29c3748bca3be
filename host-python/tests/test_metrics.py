"""What can be watched: counters and timings as objects and as Prometheus text, and log lines with fields."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from serving import connect, tornado_app

from sightline import JSONFormatter, PerspectiveError, Server
from sightline._log import log_event
from sightline._metrics import kind_of
from sightline._proto import sightline_pb2 as pb
from sightline._wire import scan


def test_requests_are_counted_by_kind_and_timed(server: Server) -> None:
    with server.new_local_client() as client:
        table = client.table({"a": [1, 2]}, name="t")
        for number in range(3):
            table.update([{"a": number}])
        with pytest.raises(PerspectiveError):
            table.update([{"a": "x"}])
        table.view().to_arrow()
        metrics = server.metrics()
    requests = metrics["requests"]
    assert requests["table_update"]["count"] == 4
    assert requests["view_to_arrow"]["count"] == 1
    for timing in requests.values():
        assert timing["seconds"] >= 0
        assert timing["buckets"][float("inf")] == timing["count"]
    assert metrics["queue_wait"]["count"] == sum(timing["count"] for timing in requests.values())
    assert 0 < metrics["bytes_in"] < 10_000
    assert 0 < metrics["bytes_out"] < 10_000
    (engine,) = metrics["engines"]
    assert engine["engine"]["errors"] == 1
    assert 0 < engine["engine"]["used"] < engine["memory"]
    assert engine["engine"]["tables"][0]["rows"] == 5


def test_prometheus_text_is_well_formed(server: Server) -> None:
    with server.new_local_client() as client:
        client.table({"a": [1]}, name='odd "name"\\\n')
        text = server.prometheus()
    assert text.endswith("\n")
    typed: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in typed
            typed[name] = kind
        elif not line.startswith("#"):
            label = r'[a-z_]+="(?:[^"\\]|\\.)*"'
            matched = re.fullmatch(rf"([a-z_]+)(\{{{label}(,{label})*\}})? (\S+)", line)
            assert matched is not None, line
            float(matched[4])
            assert matched[1] in typed or re.sub("_(bucket|sum|count)$", "", matched[1]) in typed, line
    assert {"sightline_request_seconds", "sightline_slow_clients_total", "sightline_engine_up"} <= set(typed)
    assert 'sightline_table_rows{table="odd \\"name\\"\\\\\\n"} 1' in text
    assert 'sightline_engine_up{engine="0"} 1' in text


async def test_connections_are_counted_and_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    arguments: dict[str, Any] = {"perspective_server": server, "authorize": lambda request: "ok" in request.headers}
    with caplog.at_level(logging.INFO, "sightline.handlers"):
        async with tornado_app(**arguments) as port:
            async with connect(port, additional_headers={"ok": "1"}) as client:
                await client.get_hosted_table_names()
                assert server.metrics()["connections"] == 1
            with pytest.raises(Exception, match="403"):
                async with connect(port):
                    pass
    counted = server.metrics()["handlers"]
    assert (counted["connections_opened"], counted["connections_refused"]) == (1, 1)
    events = [record.event for record in caplog.records if hasattr(record, "event")]
    assert events[0] == "connection_opened"
    assert "connection_refused" in events


def test_system_info_is_true(server: Server) -> None:
    with server.new_local_client() as client:
        table = client.table({"a": list(range(200_000))}, name="t")
        table.view(group_by=["a"]).to_csv()
        info = client.system_info()
        assert info["heap_size"] >= info["used_size"] > 200_000 * 8
        assert info["cpu_time"] > 0


@pytest.mark.parametrize("msg_id", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("entity", ["", "t", "x" * 300])
def test_the_kind_is_read_from_the_head(msg_id: int, entity: str) -> None:
    for field in pb.Request.DESCRIPTOR.oneofs_by_name["client_req"].fields:
        request = pb.Request(msg_id=msg_id, entity_id=entity)
        getattr(request, field.name).SetInParent()
        data = request.SerializeToString()
        assert kind_of(data) == field.number == scan(data).kind
        for cut in range(len(data)):
            assert kind_of(data[:cut]) in {0, field.number}


def test_events_are_lines_and_json() -> None:
    records: list[logging.LogRecord] = []
    logger = logging.Logger("sightline.test")
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign, assignment]
    logger.addHandler(handler)
    log_event(logger, logging.WARNING, "slow_client", peer="::1", identity="a b\n", n=3, none=None)
    assert records[0].getMessage() == 'slow_client peer=::1 identity="a b\\n" n=3 none=null'
    line = json.loads(JSONFormatter().format(records[0]))
    assert line.pop("time")
    assert line == {
        "level": "warning",
        "logger": "sightline.test",
        "event": "slow_client",
        "peer": "::1",
        "identity": "a b\n",
        "n": 3,
        "none": None,
    }
    logger.info("plain %s", "text")
    assert json.loads(JSONFormatter().format(records[1]))["message"] == "plain text"

"""The permission matrix: every request of the protocol against every grant."""

from __future__ import annotations

import pytest

from sightline import Server
from sightline._proto import sightline_pb2 as pb
from sightline._session import GRANTS

ROWS = '[{"k": 1, "s": "x"}, {"k": 2, "s": "y"}]'

# What each request needs besides reading, which every session may.
# A request that is new to the protocol must be put here.
NEEDS: dict[str, tuple[str, ...]] = {
    "get_features_req": (),
    "get_hosted_tables_req": (),
    "remove_hosted_tables_update_req": (),
    "server_system_info_req": (),
    "make_table_req": ("create",),
    "make_join_table_req": ("create",),
    "table_delete_req": ("delete",),
    "table_schema_req": (),
    "table_size_req": (),
    "table_make_port_req": (),
    "table_update_req": ("update",),
    "table_replace_req": ("update", "remove"),
    "table_remove_req": ("remove",),
    "table_validate_expr_req": (),
    "table_describe_req": (),
    "table_make_view_req": (),
    "table_on_delete_req": (),
    "table_remove_delete_req": (),
    "view_delete_req": (),
    "view_schema_req": (),
    "view_expression_schema_req": (),
    "view_dimensions_req": (),
    "view_get_config_req": (),
    "view_column_paths_req": (),
    "view_get_min_max_req": (),
    "view_expand_req": (),
    "view_collapse_req": (),
    "view_set_depth_req": (),
    "view_to_columns_string_req": (),
    "view_to_rows_string_req": (),
    "view_to_ndjson_string_req": (),
    "view_to_csv_req": (),
    "view_to_arrow_req": (),
    "view_on_update_req": (),
    "view_remove_on_update_req": (),
    "view_on_remove_req": (),
    "view_remove_on_remove_req": (),
    "view_on_delete_req": (),
    "view_remove_delete_req": (),
}
KINDS = [field.name for field in pb.Request.DESCRIPTOR.oneofs_by_name["client_req"].fields]
SETS = [(), *((grant,) for grant in GRANTS), ("update", "remove"), GRANTS]


def request_of(kind: str) -> pb.Request:
    """A request that works for whoever may make it."""
    entity = "v" if kind.startswith("view_") else "t"
    request = pb.Request(msg_id=5, entity_id=entity)
    body = getattr(request, kind)
    body.SetInParent()
    match kind:
        case "make_table_req":
            request.entity_id = "new"
            body.data.from_rows = ROWS
        case "make_join_table_req":
            request.entity_id = "joined"
            body.left_table_id, body.right_table_id, body.on_column = "t", "other", "k"
        case "table_update_req" | "table_replace_req":
            body.data.from_rows = '[{"k": 3}]'
        case "table_remove_req":
            body.data.from_rows = "[1]"
        case "table_make_view_req":
            body.view_id = "fresh"
        case "view_get_min_max_req":
            body.column_name = "k"
        case "table_delete_req":
            request.entity_id = "other"
    return request


def test_the_matrix_is_complete() -> None:
    assert sorted(KINDS) == sorted(NEEDS)


@pytest.mark.parametrize("grants", SETS, ids=lambda grants: "+".join(grants) or "read")
def test_every_request_against_a_grant(grants: tuple[str, ...]) -> None:
    for kind, needs in NEEDS.items():
        with Server() as server, server.new_local_client() as owner:
            table = owner.table(ROWS, format="json", name="t", index="k")
            owner.table([{"k": 1, "z": 1.5}], name="other", index="k")
            answers: list[pb.Response] = []
            session = server.new_session(
                lambda data, answers=answers: answers.append(pb.Response.FromString(data)),  # type: ignore[misc]
                permissions=list(grants),
            )
            view = pb.Request(msg_id=1, entity_id="t", table_make_view_req=pb.TableMakeViewReq(view_id="v"))
            session.handle_request(view.SerializeToString())
            answers.clear()
            before = table.view().to_columns()
            session.handle_request(request_of(kind).SerializeToString())
            errors = [answer.server_error.message for answer in answers if answer.HasField("server_error")]
            if set(needs) <= set(grants):
                assert errors == [], kind
            else:
                assert len(errors) == 1, kind
                assert errors[0].startswith("permission denied: this session may not "), kind
                assert table.view().to_columns() == before
                assert owner.get_hosted_table_names() == ["other", "t"]

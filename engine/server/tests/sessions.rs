//! Sessions, rights and names.

mod support;

use sightline_protocol::request::ClientReq;
use sightline_protocol::response::ClientResp;
use sightline_protocol::*;
use support::{Wire, grouped, rows};

const READ_ONLY: &str =
    r#"{"permissions": {"create": false, "update": false, "remove": false, "delete": false}}"#;

#[test]
fn closing_a_session_deletes_its_views_and_keeps_its_tables() {
    let mut wire = Wire::new();
    let (a, b) = (wire.session(), wire.session());
    wire.table(a, "t", r#"[{"x": 1}]"#, None);
    wire.view(a, "t", "mine", ViewConfig::default());
    wire.view(b, "t", "theirs", ViewConfig::default());
    let _ = wire.server.close_session(a);
    assert_eq!(wire.columns(b, "theirs"), r#"{"x":[1]}"#);
    let error = wire.call(b, "mine", ClientReq::ViewSchemaReq(ViewSchemaReq {}));
    let ClientResp::ServerError(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.status_code, StatusCode::ViewNotFound as i32);
}

#[test]
fn a_read_only_session_can_look_and_change_nothing() {
    let mut wire = Wire::new();
    let owner = wire.session();
    wire.table(owner, "t", r#"[{"k": "a", "x": 1}]"#, Some("k"));
    let reader = wire.session_with(READ_ONLY);
    let data = Some(rows(r#"[{"k": "b", "x": 2}]"#));
    let keys = Some(rows(r#"["a"]"#));
    let denied = [
        (
            "new",
            ClientReq::MakeTableReq(MakeTableReq {
                data: data.clone(),
                options: None,
            }),
        ),
        (
            "t",
            ClientReq::TableUpdateReq(TableUpdateReq {
                data: data.clone(),
                port_id: 0,
            }),
        ),
        (
            "t",
            ClientReq::TableReplaceReq(TableReplaceReq { data: data.clone() }),
        ),
        (
            "t",
            ClientReq::TableRemoveReq(TableRemoveReq { data: keys }),
        ),
        (
            "t",
            ClientReq::TableDeleteReq(TableDeleteReq { is_immediate: true }),
        ),
    ];
    for (entity, request) in denied {
        let text = wire.fails(reader, entity, request);
        assert!(
            text.starts_with("permission denied: this session may not "),
            "{text}"
        );
    }
    wire.view(reader, "t", "v", ViewConfig::default());
    assert_eq!(wire.columns(reader, "v"), r#"{"k":["a"],"x":[1]}"#);
}

#[test]
fn a_row_filter_hides_rows_from_every_view_of_the_session() {
    let mut wire = Wire::new();
    let owner = wire.session();
    wire.table(
        owner,
        "t",
        r#"[{"k": "a", "x": 1}, {"k": "b", "x": 2}]"#,
        Some("k"),
    );
    let reader = wire.session_with(r#"{"row_filter": {"t": [["k", "==", "b"]]}}"#);
    wire.view(reader, "t", "flat", ViewConfig::default());
    wire.view(reader, "t", "grouped", grouped(&["k"]));
    wire.update(owner, "t", r#"[{"k": "a", "x": 5}, {"k": "b", "x": 3}]"#);
    assert_eq!(wire.columns(reader, "flat"), r#"{"k":["b"],"x":[3]}"#);
    assert_eq!(
        wire.columns(reader, "grouped"),
        r#"{"__ROW_PATH__":[[],["b"]],"k":[1,1],"x":[3,3]}"#
    );
}

#[test]
fn a_second_table_or_view_of_one_name_is_refused() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(a, "t", r#"[{"x": 1}]"#, None);
    let again = ClientReq::MakeTableReq(MakeTableReq {
        data: Some(rows("[]")),
        options: None,
    });
    assert_eq!(wire.fails(a, "t", again), "Table \"t\" already exists");
    wire.view(a, "t", "v", ViewConfig::default());
    let req = TableMakeViewReq {
        view_id: "v".to_owned(),
        config: None,
    };
    assert_eq!(
        wire.fails(a, "t", ClientReq::TableMakeViewReq(req)),
        "View \"v\" already exists"
    );
}

#[test]
fn nonsense_is_answered_and_harms_nothing() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(a, "t", r#"[{"x": 1}]"#, None);
    for bytes in [
        &b""[..],
        b"\x00",
        b"\xff\xff\xff\xff\xff",
        b"\x08\x01",
        b"\x08\x01\x12\x01t\xf2\x03\x00",
    ] {
        wire.send_raw(a, bytes);
        let answers = wire.take(a);
        assert_eq!(answers.len(), 1, "{bytes:?}");
        assert!(
            matches!(answers[0].client_resp, Some(ClientResp::ServerError(_))),
            "{answers:?}"
        );
    }
    wire.view(a, "t", "v", ViewConfig::default());
    assert_eq!(wire.columns(a, "v"), r#"{"x":[1]}"#);
}

#[test]
fn limits_name_themselves() {
    let mut wire = Wire::with_options(
        r#"{"limits": {"views_per_session": 1, "tables": 1, "message_size": 10000}}"#,
    );
    let a = wire.session();
    wire.table(a, "t", r#"[{"x": 1}]"#, None);
    wire.view(a, "t", "v", ViewConfig::default());
    let req = TableMakeViewReq {
        view_id: "w".to_owned(),
        config: None,
    };
    let text = wire.fails(a, "t", ClientReq::TableMakeViewReq(req));
    assert!(text.contains("`views_per_session`"), "{text}");
    let req = MakeTableReq {
        data: Some(rows("[]")),
        options: None,
    };
    let text = wire.fails(a, "u", ClientReq::MakeTableReq(req));
    assert!(text.contains("`tables`"), "{text}");
    wire.send_raw(a, &[0; 10_001]);
    let answers = wire.take(a);
    assert!(
        format!("{answers:?}").contains("`message_size`"),
        "{answers:?}"
    );
}

#[test]
fn a_restricted_session_cannot_touch_views_of_others() {
    let mut wire = Wire::new();
    let owner = wire.session();
    wire.table(owner, "t", r#"[{"k": "a", "x": 1}]"#, Some("k"));
    wire.view(owner, "t", "v", grouped(&["k"]));
    let reader = wire.session_with(READ_ONLY);
    let filtered = wire.session_with(r#"{"row_filter": {"t": [["k", "==", "b"]]}}"#);
    for stranger in [reader, filtered] {
        for request in [
            ClientReq::ViewDeleteReq(ViewDeleteReq {}),
            ClientReq::ViewToCsvReq(ViewToCsvReq::default()),
            ClientReq::ViewExpandReq(ViewExpandReq { row_index: 0 }),
            ClientReq::ViewOnUpdateReq(ViewOnUpdateReq::default()),
            ClientReq::ViewGetConfigReq(ViewGetConfigReq {}),
        ] {
            assert_eq!(wire.fails(stranger, "v", request), "View not found");
        }
    }
    assert_eq!(
        wire.columns(owner, "v"),
        r#"{"__ROW_PATH__":[[],["a"]],"k":[1,1],"x":[1,1]}"#
    );
}

#[test]
fn a_row_filter_cannot_be_walked_around() {
    let mut wire = Wire::new();
    let owner = wire.session();
    wire.table(
        owner,
        "t",
        r#"[{"k": "a", "x": 1}, {"k": "b", "x": 2}]"#,
        Some("k"),
    );
    wire.table(owner, "names", r#"[{"k": "a", "name": "A"}]"#, Some("k"));
    wire.view(owner, "t", "all", ViewConfig::default());
    let filtered = wire.session_with(r#"{"row_filter": {"t": [["k", "==", "b"]]}}"#);
    let join = MakeJoinTableReq {
        left_table_id: "t".to_owned(),
        right_table_id: "names".to_owned(),
        on_column: "k".to_owned(),
        ..MakeJoinTableReq::default()
    };
    let text = wire.fails(filtered, "j", ClientReq::MakeJoinTableReq(join));
    assert!(text.contains("may not join"), "{text}");
    let derived = |view: &str| MakeTableReq {
        data: Some(MakeTableData {
            data: Some(make_table_data::Data::FromView(view.to_owned())),
        }),
        options: None,
    };
    let text = wire.fails(filtered, "d", ClientReq::MakeTableReq(derived("all")));
    assert_eq!(text, "View \"all\" does not exist");
    // A table of its own view holds what it may see.
    wire.view(filtered, "t", "some", ViewConfig::default());
    wire.call(filtered, "d", ClientReq::MakeTableReq(derived("some")));
    wire.view(filtered, "d", "copied", ViewConfig::default());
    assert_eq!(wire.columns(filtered, "copied"), r#"{"k":["b"],"x":[2]}"#);
    let text = wire.fails(
        filtered,
        "some",
        ClientReq::ViewOnRemoveReq(ViewOnRemoveReq {}),
    );
    assert!(text.contains("row filter"), "{text}");
}

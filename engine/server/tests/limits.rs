//! Limits: each is met with an error that names it and says how to raise it, and changes nothing.

mod support;

use bytes::Bytes;
use sightline_protocol::make_table_data::Data;
use sightline_protocol::request::ClientReq;
use sightline_protocol::response::ClientResp;
use sightline_protocol::*;
use support::{NOW, Wire, grouped, rows};

/// A server with one limit, and a session with a table `t` of three rows.
fn limited(limit: &str, value: u64) -> (Wire, u32) {
    let mut wire = Wire::with_options(&format!(r#"{{"limits": {{"{limit}": {value}}}}}"#));
    let session = wire.session();
    let three = r#"[{"k": "a", "x": 1}, {"k": "b", "x": 2}, {"k": "c", "x": 3}]"#;
    wire.table(session, "t", three, Some("k"));
    (wire, session)
}

fn expression(text: &str) -> ClientReq {
    let expressions = [("e".to_owned(), text.to_owned())].into();
    let config = ViewConfig {
        expressions,
        ..ViewConfig::default()
    };
    ClientReq::TableMakeViewReq(TableMakeViewReq {
        view_id: "v".to_owned(),
        config: Some(config),
    })
}

fn update(json: &str) -> ClientReq {
    ClientReq::TableUpdateReq(TableUpdateReq {
        data: Some(rows(json)),
        port_id: 0,
    })
}

#[track_caller]
fn refused(limit: &str, value: u64, entity: &str, request: ClientReq) {
    let (mut wire, session) = limited(limit, value);
    let text = wire.fails(session, entity, request);
    assert!(text.contains(&format!("`{limit}`")), "{text}");
    // Nothing has changed, and the session goes on.
    wire.view(session, "t", "after", ViewConfig::default());
    assert_eq!(
        wire.columns(session, "after"),
        r#"{"k":["a","b","c"],"x":[1,2,3]}"#
    );
}

#[test]
fn json_depth() {
    refused(
        "json_depth",
        3,
        "t",
        update(r#"[{"k": {"a": {"b": {"c": 1}}}}]"#),
    );
}

#[test]
fn input_rows() {
    refused(
        "input_rows",
        3,
        "t",
        update(r#"[{"x": 1}, {"x": 1}, {"x": 1}, {"x": 1}]"#),
    );
    let data = Some(MakeTableData {
        data: Some(Data::FromCsv("k,x\na,1\na,1\na,1\na,1\n".to_owned())),
    });
    refused(
        "input_rows",
        3,
        "t",
        ClientReq::TableUpdateReq(TableUpdateReq { data, port_id: 0 }),
    );
}

#[test]
fn expression_bytes() {
    refused("expression_bytes", 8, "t", expression("\"x\" + 1000"));
}

#[test]
fn expression_depth() {
    refused("expression_depth", 4, "t", expression("((((((\"x\"))))))"));
}

#[test]
fn expression_depth_has_a_ceiling_that_the_stack_can_bear() {
    let deep = format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000));
    refused("expression_depth", 1_000_000, "t", expression(&deep));
}

#[test]
fn expression_steps() {
    let mut wire = Wire::with_options(
        r#"{"limits": {"expression_steps": 1000, "expression_steps_per_row": 10}}"#,
    );
    let session = wire.session();
    wire.table(session, "t", r#"[{"x": 1}]"#, None);
    let text = wire.fails(
        session,
        "t",
        expression("var i := 0; while (i < 1000000) { i := i + 1 }; i"),
    );
    assert!(text.contains("`expression_steps`"), "{text}");
}

#[test]
fn expression_text_bytes() {
    let text = "var s := \"k\"; for (var i := 0; i < 10; i := i + 1) { s := concat(s, s) }; s";
    refused("expression_text_bytes", 1000, "t", expression(text));
}

#[test]
fn pivot_cells() {
    let config = ViewConfig {
        split_by: vec!["x".to_owned()],
        ..grouped(&["k"])
    };
    let req = TableMakeViewReq {
        view_id: "v".to_owned(),
        config: Some(config),
    };
    refused("pivot_cells", 2, "t", ClientReq::TableMakeViewReq(req));
}

#[test]
fn answer_rows_and_cells() {
    for (limit, value) in [("answer_rows", 2), ("answer_cells", 5)] {
        let (mut wire, session) = limited(limit, value);
        wire.view(session, "t", "v", ViewConfig::default());
        let text = wire.fails(
            session,
            "v",
            ClientReq::ViewToCsvReq(ViewToCsvReq::default()),
        );
        assert!(
            text.contains(&format!("`{limit}` of {value}; raise it")),
            "{text}"
        );
        let viewport = Some(ViewPort {
            end_row: Some(2),
            ..ViewPort::default()
        });
        let req = ViewToColumnsStringReq {
            viewport,
            ..Default::default()
        };
        let answer = wire.call(session, "v", ClientReq::ViewToColumnsStringReq(req));
        assert!(
            matches!(answer, ClientResp::ViewToColumnsStringResp(_)),
            "{answer:?}"
        );
    }
}

#[test]
fn table_bytes() {
    refused(
        "table_bytes",
        4096,
        "t",
        update(&format!(r#"[{{"k": "{}"}}]"#, "y".repeat(8192))),
    );
}

#[test]
fn table_bytes_counts_what_waits_for_a_poll() {
    let (mut wire, session) = limited("table_bytes", 200_000);
    let big = format!(r#"[{{"k": "{}", "x": 1}}]"#, "y".repeat(80_000));
    for _ in 0..4 {
        wire.send(session, "t", update(&big));
    }
    let answers = wire.take(session);
    let failed = |r: &&Response| format!("{r:?}").contains("`table_bytes`");
    assert!(answers.iter().filter(failed).count() >= 2, "{answers:?}");
}

#[test]
fn memory() {
    let (mut wire, session) = limited("memory", 1_000_000);
    wire.view(session, "t", "v", ViewConfig::default());
    wire.server.note_used(999_990);
    let make = |id: &str| {
        let req = TableMakeViewReq {
            view_id: id.to_owned(),
            config: None,
        };
        ClientReq::TableMakeViewReq(req)
    };
    for (entity, request) in [
        ("t", make("w")),
        ("t", update(r#"[{"k": "d", "x": 4}]"#)),
        ("v", ClientReq::ViewToCsvReq(ViewToCsvReq::default())),
        (
            "u",
            ClientReq::MakeTableReq(MakeTableReq {
                data: Some(rows(r#"[{"a": 1}]"#)),
                options: None,
            }),
        ),
    ] {
        let text = wire.fails(session, entity, request);
        assert!(text.contains("`memory` of 1000000; raise it"), "{text}");
    }
    wire.server.note_used(1_000);
    assert_eq!(
        wire.columns(session, "v"),
        r#"{"k":["a","b","c"],"x":[1,2,3]}"#
    );
}

#[test]
fn subscriptions_per_session_counts_those_that_are_left() {
    let (mut wire, session) = limited("subscriptions_per_session", 2);
    let subscribe = || ClientReq::ViewOnUpdateReq(ViewOnUpdateReq::default());
    for round in 0..5 {
        let id = format!("v{round}");
        wire.view(session, "t", &id, ViewConfig::default());
        let first = wire.send(session, &id, subscribe());
        wire.send(session, &id, ClientReq::ViewOnDeleteReq(ViewOnDeleteReq {}));
        let text = wire.fails(session, &id, subscribe());
        assert!(text.contains("`subscriptions_per_session`"), "{text}");
        // Some are taken back, the others go with their view.
        let back = ViewRemoveOnUpdateReq { id: first };
        wire.call(session, &id, ClientReq::ViewRemoveOnUpdateReq(back));
        wire.call(session, &id, ClientReq::ViewDeleteReq(ViewDeleteReq {}));
    }
    let hosted = || GetHostedTablesReq { subscribe: true };
    for _ in 0..5 {
        let id = wire.send(session, "", ClientReq::GetHostedTablesReq(hosted()));
        let back = RemoveHostedTablesUpdateReq { id };
        wire.call(session, "", ClientReq::RemoveHostedTablesUpdateReq(back));
    }
}

#[test]
fn a_message_beyond_the_limit_is_answered_under_its_own_id() {
    let (mut wire, session) = limited("message_size", 1000);
    let request = Request {
        msg_id: 77,
        entity_id: "t".to_owned(),
        client_req: Some(update(&format!(r#"[{{"k": "{}"}}]"#, "y".repeat(2000)))),
    };
    let out = wire
        .server
        .handle(session, Bytes::from(request.encode_to_vec()), NOW);
    let answer = Response::decode(&out[0].bytes[..]).expect("an answer");
    assert_eq!((answer.msg_id, answer.entity_id.as_str()), (77, "t"));
    assert!(
        format!("{answer:?}").contains("`message_size` of 1000; raise it"),
        "{answer:?}"
    );
}

#[test]
fn a_mistyped_limit_is_an_error() {
    let parsed = serde_json::from_str::<sightline_server::ServerOptions>(
        r#"{"limits": {"mesage_size": 1}}"#,
    );
    assert!(parsed.is_err());
}

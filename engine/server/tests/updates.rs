//! Updates, subscriptions and the order of what is heard.

mod support;

use sightline_protocol::request::ClientReq;
use sightline_protocol::response::ClientResp;
use sightline_protocol::view_on_update_req::Mode;
use sightline_protocol::*;
use support::{Wire, grouped, rows};

fn update_req(json: &str, port_id: u32) -> ClientReq {
    ClientReq::TableUpdateReq(TableUpdateReq {
        data: Some(rows(json)),
        port_id,
    })
}

fn subscribe(wire: &mut Wire, session: u32, view: &str, mode: Option<Mode>) -> u32 {
    let req = ViewOnUpdateReq {
        mode: mode.map(|mode| mode as i32),
    };
    wire.send(session, view, ClientReq::ViewOnUpdateReq(req))
}

/// Ports of the update notifications a session received, with whether they carried a delta.
fn updates(wire: &mut Wire, session: u32) -> Vec<(u32, bool)> {
    wire.take(session)
        .into_iter()
        .filter_map(|response| match response.client_resp {
            Some(ClientResp::ViewOnUpdateResp(update)) => {
                Some((update.port_id, update.delta.is_some()))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn updates_of_one_port_between_polls_are_one_notification() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(a, "t", r#"[{"x": 1}]"#, None);
    wire.view(a, "t", "v", ViewConfig::default());
    for _ in 0..2 {
        wire.call(a, "t", ClientReq::TableMakePortReq(TableMakePortReq {}));
    }
    subscribe(&mut wire, a, "v", None);
    for port in [0, 0, 1, 2, 1] {
        wire.send(a, "t", update_req(r#"[{"x": 2}]"#, port));
    }
    wire.take(a);
    wire.poll();
    assert_eq!(updates(&mut wire, a), [(0, false), (1, false), (2, false)]);
    assert_eq!(wire.columns(a, "v"), r#"{"x":[1,2,2,2,2,2]}"#);
}

#[test]
fn reads_before_the_poll_see_the_old_state() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(a, "t", r#"[{"x": 1}]"#, None);
    wire.send(a, "t", update_req(r#"[{"x": 2}]"#, 0));
    wire.take(a);
    wire.send(a, "t", ClientReq::TableSizeReq(TableSizeReq {}));
    let answers = wire.take(a);
    assert!(
        matches!(&answers[0].client_resp, Some(ClientResp::TableSizeResp(size)) if size.size == 1)
    );
    wire.poll();
    wire.send(a, "t", ClientReq::TableSizeReq(TableSizeReq {}));
    let answers = wire.take(a);
    assert!(
        matches!(&answers[0].client_resp, Some(ClientResp::TableSizeResp(size)) if size.size == 2)
    );
}

#[test]
fn one_subscriber_with_deltas_switches_them_on_for_all() {
    let mut wire = Wire::new();
    let (a, b) = (wire.session(), wire.session());
    wire.table(a, "t", r#"[{"x": 1}]"#, None);
    wire.view(a, "t", "v", ViewConfig::default());
    subscribe(&mut wire, a, "v", None);
    wire.update(a, "t", r#"[{"x": 2}]"#);
    assert_eq!(updates(&mut wire, a), [(0, false)]);
    subscribe(&mut wire, b, "v", Some(Mode::Row));
    wire.update(a, "t", r#"[{"x": 3}]"#);
    assert_eq!(updates(&mut wire, a), [(0, true)]);
    assert_eq!(updates(&mut wire, b), [(0, true)]);
}

#[test]
fn a_thousand_subscribers_of_one_dashboard_cost_one_computation() {
    let mut wire = Wire::new();
    let owner = wire.session();
    wire.table(
        owner,
        "t",
        r#"[{"k": "a", "x": 1}, {"k": "b", "x": 2}]"#,
        Some("k"),
    );
    for i in 0..1000 {
        let session = wire.session();
        let id = format!("v{i}");
        wire.view(session, "t", &id, grouped(&["k"]));
        subscribe(&mut wire, session, &id, Some(Mode::Row));
    }
    let before = wire.stats();
    wire.update(owner, "t", r#"[{"k": "a", "x": 5}]"#);
    let after = wire.stats();
    let grew = |name: &str| after[name].as_u64().unwrap_or(0) - before[name].as_u64().unwrap_or(0);
    assert_eq!(grew("notifications"), 1000);
    assert_eq!(grew("steps"), 1);
    assert_eq!(grew("deltas_encoded"), 1);
    assert_eq!(after["tables"][0]["cores"], 1);
}

#[test]
fn a_view_that_nobody_reads_is_not_stepped() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(a, "t", r#"[{"k": "a", "x": 1}]"#, Some("k"));
    wire.view(a, "t", "v", grouped(&["k"]));
    subscribe(&mut wire, a, "v", None);
    let before = wire.stats()["steps"].clone();
    for i in 0..50 {
        wire.update(a, "t", &format!(r#"[{{"k": "b", "x": {i}}}]"#));
    }
    assert_eq!(wire.stats()["steps"], before);
    assert_eq!(
        wire.columns(a, "v"),
        r#"{"__ROW_PATH__":[[],["a"],["b"]],"k":[2,1,1],"x":[50,1,49]}"#
    );
    assert_eq!(
        wire.stats()["steps"].as_u64(),
        before.as_u64().map(|steps| steps + 1)
    );
}

#[test]
fn what_is_remembered_for_a_view_that_nobody_reads_is_bounded() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(a, "t", r#"[{"k": "a", "x": 1}]"#, Some("k"));
    wire.view(a, "t", "v", grouped(&["k"]));
    let before = wire.stats()["steps"].as_u64().expect("a count");
    for i in 0..2_500 {
        wire.update(a, "t", &format!(r#"[{{"k": "a", "x": {i}}}]"#));
    }
    // It catches up each time a thousand small deltas have gathered, and not in between.
    assert_eq!(wire.stats()["steps"].as_u64(), Some(before + 2));
    assert_eq!(
        wire.columns(a, "v"),
        r#"{"__ROW_PATH__":[[],["a"]],"k":[1,1],"x":[2499,2499]}"#
    );
}

#[test]
fn no_rows_no_notification_but_an_empty_remove_notifies() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(a, "t", r#"[{"k": "a", "x": 1}]"#, Some("k"));
    wire.view(a, "t", "v", ViewConfig::default());
    subscribe(&mut wire, a, "v", None);
    wire.update(a, "t", "[]");
    assert_eq!(updates(&mut wire, a), []);
    wire.call(
        a,
        "t",
        ClientReq::TableRemoveReq(TableRemoveReq {
            data: Some(rows(r#"["nobody"]"#)),
        }),
    );
    assert_eq!(updates(&mut wire, a), [(0, false)]);
}

#[test]
fn a_lazy_delete_waits_for_the_last_view_and_is_answered_then() {
    let mut wire = Wire::new();
    let (a, b) = (wire.session(), wire.session());
    wire.table(a, "t", r#"[{"x": 1}]"#, None);
    wire.view(b, "t", "v", ViewConfig::default());
    let hosted = wire.send(
        b,
        "",
        ClientReq::GetHostedTablesReq(GetHostedTablesReq { subscribe: true }),
    );
    let on_delete = wire.send(b, "t", ClientReq::TableOnDeleteReq(TableOnDeleteReq {}));
    let delete = wire.send(
        a,
        "t",
        ClientReq::TableDeleteReq(TableDeleteReq {
            is_immediate: false,
        }),
    );
    assert!(wire.take(a).is_empty());
    let heard = wire.take(b);
    assert_eq!(
        (heard.len(), heard[0].msg_id, &heard[0].client_resp),
        (1, hosted, &None)
    );
    let listed = wire.call(
        a,
        "",
        ClientReq::GetHostedTablesReq(GetHostedTablesReq { subscribe: false }),
    );
    assert!(matches!(listed, ClientResp::GetHostedTablesResp(list) if list.table_infos.is_empty()));
    assert_eq!(wire.columns(b, "v"), r#"{"x":[1]}"#);

    let view_delete = wire.send(b, "v", ClientReq::ViewDeleteReq(ViewDeleteReq {}));
    let order: Vec<u32> = wire
        .take(b)
        .iter()
        .map(|response| response.msg_id)
        .collect();
    assert_eq!(order, [view_delete, on_delete, hosted]);
    let answered = wire.take(a);
    assert_eq!((answered.len(), answered[0].msg_id), (1, delete));
}

#[test]
fn an_immediate_delete_is_refused_while_there_are_views() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(a, "t", r#"[{"x": 1}]"#, None);
    wire.view(a, "t", "v", ViewConfig::default());
    let delete = || ClientReq::TableDeleteReq(TableDeleteReq { is_immediate: true });
    assert_eq!(
        wire.fails(a, "t", delete()),
        "Cannot delete table with views"
    );
    wire.call(a, "v", ClientReq::ViewDeleteReq(ViewDeleteReq {}));
    assert!(matches!(
        wire.call(a, "t", delete()),
        ClientResp::TableDeleteResp(_)
    ));
    assert_eq!(
        wire.fails(a, "t", ClientReq::TableSizeReq(TableSizeReq {})),
        "Couldn't find key."
    );
}

#[test]
fn a_failed_update_changes_nothing() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(a, "t", r#"[{"k": "a", "x": 1}]"#, Some("k"));
    wire.view(a, "t", "v", ViewConfig::default());
    let bad = update_req(r#"[{"k": "b", "x": 2}, {"k": "c", "x": "many"}]"#, 0);
    let text = wire.fails(a, "t", bad);
    assert!(text.contains("\"x\""), "{text}");
    assert!(
        wire.fails(a, "t", update_req(r#"[{"x": 1}]"#, 7))
            .contains('7')
    );
    assert_eq!(wire.columns(a, "v"), r#"{"k":["a"],"x":[1]}"#);
}

#[test]
fn a_derived_table_follows_its_view() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(
        a,
        "t",
        r#"[{"k": "a", "x": 1}, {"k": "b", "x": 2}]"#,
        Some("k"),
    );
    wire.view(a, "t", "v", grouped(&["k"]));
    let data = MakeTableData {
        data: Some(make_table_data::Data::FromView("v".to_owned())),
    };
    wire.call(
        a,
        "d",
        ClientReq::MakeTableReq(MakeTableReq {
            data: Some(data),
            options: None,
        }),
    );
    wire.view(a, "d", "w", ViewConfig::default());
    wire.update(a, "t", r#"[{"k": "c", "x": 3}]"#);
    assert_eq!(
        wire.columns(a, "w"),
        r#"{"k":[null,"a","b","c"],"k (count)":[3,1,1,1],"x":[6,1,2,3]}"#
    );
    let text = wire.fails(a, "v", ClientReq::ViewDeleteReq(ViewDeleteReq {}));
    assert_eq!(
        text,
        "Cannot delete view: it is the source for a derived table"
    );
    assert_eq!(
        wire.fails(a, "d", update_req("[{}]", 0)),
        "Cannot update a read-only derived table"
    );
}

#[test]
fn a_join_follows_both_sources_and_cannot_be_written() {
    let mut wire = Wire::new();
    let a = wire.session();
    wire.table(
        a,
        "l",
        r#"[{"k": "a", "x": 1}, {"k": "b", "x": 2}]"#,
        Some("k"),
    );
    wire.table(a, "r", r#"[{"k": "a", "y": 10}]"#, Some("k"));
    let join = MakeJoinTableReq {
        left_table_id: "l".to_owned(),
        right_table_id: "r".to_owned(),
        on_column: "k".to_owned(),
        join_type: JoinType::Left as i32,
        right_on_column: String::new(),
    };
    wire.call(a, "j", ClientReq::MakeJoinTableReq(join));
    wire.view(a, "j", "v", ViewConfig::default());
    subscribe(&mut wire, a, "v", Some(Mode::Row));
    assert_eq!(
        wire.columns(a, "v"),
        r#"{"k":["a","b"],"x":[1,2],"y":[10,null]}"#
    );
    wire.update(a, "r", r#"[{"k": "b", "y": 20}]"#);
    assert_eq!(updates(&mut wire, a), [(0, true)]);
    assert_eq!(
        wire.columns(a, "v"),
        r#"{"k":["a","b"],"x":[1,2],"y":[10,20]}"#
    );
    assert_eq!(
        wire.fails(a, "j", update_req("[{}]", 0)),
        "Cannot update a read-only join table"
    );
    let delete = ClientReq::TableDeleteReq(TableDeleteReq { is_immediate: true });
    let text = wire.fails(a, "l", delete);
    assert_eq!(
        text,
        "Cannot delete table: it is a source for join table \"j\""
    );
}

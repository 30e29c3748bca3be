//! Sequences of requests, with state: each request is a length byte and so many bytes, sent to a server that has a table
//! `t` with an index and a view `v`. The server must answer every one, and go on.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sightline_protocol::make_table_data::Data;
use sightline_protocol::make_table_req::MakeTableOptions;
use sightline_protocol::make_table_req::make_table_options::MakeTableType;
use sightline_protocol::request::ClientReq;
use sightline_protocol::{MakeTableData, MakeTableReq, Message, Request, TableMakeViewReq, ViewConfig};
use sightline_server::{Limits, Server, ServerOptions, SessionOptions};

const NOW: f64 = 1.7e12;

fn request(entity_id: &str, body: ClientReq) -> Bytes {
    let request = Request { msg_id: 1, entity_id: entity_id.to_owned(), client_req: Some(body) };
    Bytes::from(request.encode_to_vec())
}

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        expression_steps: 20_000,
        expression_steps_per_row: 1_000,
        expression_text_bytes: 1 << 20,
        ..Limits::default()
    };
    let mut server = Server::new(ServerOptions { limits }, 1);
    let session = server.open_session(SessionOptions::default());
    let rows = r#"[{"k":"a","i":1,"f":0.5,"b":true,"d":"2020-01-01"},{"k":"b","i":2,"d":null}]"#;
    let make = MakeTableReq {
        data: Some(MakeTableData { data: Some(Data::FromRows(rows.to_owned())) }),
        options: Some(MakeTableOptions {
            make_table_type: Some(MakeTableType::MakeIndexTable("k".to_owned())),
            ..MakeTableOptions::default()
        }),
    };
    server.handle(session, request("t", ClientReq::MakeTableReq(make)), NOW);
    let config = ViewConfig { group_by: vec!["k".to_owned()], ..ViewConfig::default() };
    let view = TableMakeViewReq { view_id: "v".to_owned(), config: Some(config) };
    server.handle(session, request("t", ClientReq::TableMakeViewReq(view)), NOW);

    let mut rest = data;
    while let Some((&len, tail)) = rest.split_first() {
        let len = usize::from(len).min(tail.len());
        let (message, tail) = tail.split_at(len);
        rest = tail;
        server.handle(session, Bytes::copy_from_slice(message), NOW);
        server.poll(NOW);
    }
    // Whatever came, the server still answers.
    let size = request("t", ClientReq::TableSizeReq(Default::default()));
    assert_eq!(server.handle(session, size, NOW).len(), 1);
});

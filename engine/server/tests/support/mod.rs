//! A client of the wire for tests: sends requests by name and keeps what comes back, per session.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use bytes::Bytes;
use sightline_protocol::make_table_data::Data;
use sightline_protocol::make_table_req::MakeTableOptions;
use sightline_protocol::make_table_req::make_table_options::MakeTableType;
use sightline_protocol::request::ClientReq;
use sightline_protocol::response::ClientResp;
use sightline_protocol::*;
use sightline_server::{Outgoing, Server, ServerOptions, SessionOptions};

/// A time, for servers that need one.
pub const NOW: f64 = 1_700_000_000_000.0;

/// A server with the messages that its sessions received.
pub struct Wire {
    /// The server under test.
    pub server: Server,
    received: BTreeMap<u32, Vec<Response>>,
    next_msg_id: u32,
}

/// Data as rows in JSON.
pub fn rows(json: &str) -> MakeTableData {
    MakeTableData {
        data: Some(Data::FromRows(json.to_owned())),
    }
}

impl Wire {
    /// A server with default options.
    pub fn new() -> Self {
        Self::with_options("{}")
    }

    /// A server with options in JSON.
    pub fn with_options(options: &str) -> Self {
        let options: ServerOptions = serde_json::from_str(options).expect("valid options");
        Self {
            server: Server::new(options, 1),
            received: BTreeMap::new(),
            next_msg_id: 1,
        }
    }

    /// Opens a session with all rights.
    pub fn session(&mut self) -> u32 {
        self.session_with("{}")
    }

    /// Opens a session with options in JSON.
    pub fn session_with(&mut self, options: &str) -> u32 {
        let options: SessionOptions = serde_json::from_str(options).expect("valid options");
        self.server.open_session(options)
    }

    fn deliver(&mut self, messages: Vec<Outgoing>) {
        for message in messages {
            let response =
                Response::decode(&message.bytes[..]).expect("the server writes valid messages");
            self.received
                .entry(message.session)
                .or_default()
                .push(response);
        }
    }

    /// Sends a request without a poll; its id.
    pub fn send(&mut self, session: u32, entity: &str, body: ClientReq) -> u32 {
        let msg_id = self.next_msg_id;
        self.next_msg_id += 1;
        let request = Request {
            msg_id,
            entity_id: entity.to_owned(),
            client_req: Some(body),
        };
        let messages = self
            .server
            .handle(session, Bytes::from(request.encode_to_vec()), NOW);
        self.deliver(messages);
        msg_id
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, session: u32, bytes: &[u8]) {
        let messages = self
            .server
            .handle(session, Bytes::copy_from_slice(bytes), NOW);
        self.deliver(messages);
    }

    /// Polls.
    pub fn poll(&mut self) {
        let messages = self.server.poll(NOW);
        self.deliver(messages);
    }

    /// Everything a session received since it was last asked.
    pub fn take(&mut self, session: u32) -> Vec<Response> {
        self.received.remove(&session).unwrap_or_default()
    }

    /// Sends a request, polls, and gives the answer to it; other messages stay.
    pub fn call(&mut self, session: u32, entity: &str, body: ClientReq) -> ClientResp {
        let msg_id = self.send(session, entity, body);
        self.poll();
        let received = self.received.entry(session).or_default();
        let at = received
            .iter()
            .position(|response| response.msg_id == msg_id)
            .expect("every request is answered");
        received
            .remove(at)
            .client_resp
            .expect("an answer has a body")
    }

    /// The error text of a request that must fail.
    pub fn fails(&mut self, session: u32, entity: &str, body: ClientReq) -> String {
        match self.call(session, entity, body) {
            ClientResp::ServerError(error) => error.message,
            other => panic!("expected an error, got {other:?}"),
        }
    }

    /// Makes a table of JSON rows.
    pub fn table(&mut self, session: u32, name: &str, json: &str, index: Option<&str>) {
        let options = MakeTableOptions {
            make_table_type: index.map(|index| MakeTableType::MakeIndexTable(index.to_owned())),
            ..MakeTableOptions::default()
        };
        let req = MakeTableReq {
            data: Some(rows(json)),
            options: Some(options),
        };
        let answer = self.call(session, name, ClientReq::MakeTableReq(req));
        assert!(matches!(answer, ClientResp::MakeTableResp(_)), "{answer:?}");
    }

    /// Makes a view.
    pub fn view(&mut self, session: u32, table: &str, id: &str, config: ViewConfig) {
        let req = TableMakeViewReq {
            view_id: id.to_owned(),
            config: Some(config),
        };
        match self.call(session, table, ClientReq::TableMakeViewReq(req)) {
            ClientResp::TableMakeViewResp(answer) => assert_eq!(answer.view_id, id),
            other => panic!("no view: {other:?}"),
        }
    }

    /// Updates a table by JSON rows.
    pub fn update(&mut self, session: u32, table: &str, json: &str) {
        let req = TableUpdateReq {
            data: Some(rows(json)),
            port_id: 0,
        };
        let answer = self.call(session, table, ClientReq::TableUpdateReq(req));
        assert!(
            matches!(answer, ClientResp::TableUpdateResp(_)),
            "{answer:?}"
        );
    }

    /// The cells of a view as JSON columns.
    pub fn columns(&mut self, session: u32, view: &str) -> String {
        match self.call(
            session,
            view,
            ClientReq::ViewToColumnsStringReq(ViewToColumnsStringReq::default()),
        ) {
            ClientResp::ViewToColumnsStringResp(answer) => answer.json_string,
            other => panic!("no columns: {other:?}"),
        }
    }

    /// The counters of the server.
    pub fn stats(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.server.control(r#"{"op": "stats"}"#, NOW))
            .expect("an answer in JSON")
    }
}

/// A configuration with some groups.
pub fn grouped(by: &[&str]) -> ViewConfig {
    ViewConfig {
        group_by: by.iter().map(|&name| name.to_owned()).collect(),
        ..ViewConfig::default()
    }
}

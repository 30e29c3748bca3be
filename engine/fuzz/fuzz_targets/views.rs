//! View configurations and viewports: the bytes choose a configuration, updates and reads of a small table. A view that was
//! stepped through the updates must read as one made anew.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sightline_protocol::make_table_data::Data;
use sightline_protocol::make_table_req::MakeTableOptions;
use sightline_protocol::make_table_req::make_table_options::MakeTableType;
use sightline_protocol::request::ClientReq;
use sightline_protocol::response::ClientResp;
use sightline_protocol::view_config::{AggList, Filter, Sort};
use sightline_protocol::*;
use sightline_server::{Limits, Server, ServerOptions, SessionOptions};

const NOW: f64 = 1.7e12;
const COLUMNS: [&str; 8] = ["k", "i", "f", "s", "b", "d", "e", "missing"];
const AGGREGATES: [&str; 20] = [
    "sum", "abs sum", "sum abs", "sum not null", "count", "distinct count", "mean", "median", "q1", "q3", "min", "max",
    "first", "last", "any", "unique", "dominant", "high", "low", "nonsense",
];
const OPS: [&str; 12] = ["==", "!=", "<", "<=", ">", ">=", "begins with", "contains", "in", "not in", "is null", "is not null"];
const SORTS: [i32; 8] = [0, 1, 2, 3, 4, 5, 6, 77];
const EXPRESSIONS: [&str; 6] = [
    "\"i\" + \"f\"", "upper(\"s\")", "if (\"i\" > 2) { \"f\" } else { null }", "bucket(\"d\", 'M')", "\"i\" / 0", "\"s\" + 1",
];

/// Gives numbers out of the input, zeros when it is used up.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&first, rest)) => {
                self.0 = rest;
                first
            }
            None => 0,
        }
    }

    fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    fn column(&mut self) -> String {
        // Mostly columns that exist.
        let n = if self.byte() > 250 { COLUMNS.len() } else { COLUMNS.len() - 1 };
        COLUMNS[self.below(n)].to_owned()
    }

    fn edge(&mut self) -> Option<u32> {
        match self.byte() {
            0..=99 => None,
            100..=109 => Some(u32::MAX),
            110..=114 => Some(1 << 31),
            other => Some(u32::from(other) % 12),
        }
    }

    fn scalar(&mut self) -> Scalar {
        let scalar = match self.below(6) {
            0 => scalar::Scalar::Null(0),
            1 => scalar::Scalar::Bool(true),
            2 => scalar::Scalar::Float(f64::from(self.byte()) / 8.0),
            3 => scalar::Scalar::String("a".to_owned()),
            4 => scalar::Scalar::String("2024-01-02".to_owned()),
            _ => scalar::Scalar::Float(1e300),
        };
        Scalar { scalar: Some(scalar) }
    }

    fn config(&mut self) -> ViewConfig {
        let mut config = ViewConfig::default();
        for _ in 0..self.below(4) {
            config.group_by.push(self.column());
        }
        for _ in 0..self.below(3) {
            config.split_by.push(self.column());
        }
        if self.byte() & 1 == 1 {
            let columns = (0..self.below(5)).map(|_| self.column()).collect();
            let columns = columns_update::OptColumns::Columns(columns_update::Columns { columns });
            config.columns = Some(ColumnsUpdate { opt_columns: Some(columns) });
        }
        for _ in 0..self.below(3) {
            let value = (0..self.below(3)).map(|_| self.scalar()).collect();
            config.filter.push(Filter { column: self.column(), op: OPS[self.below(OPS.len())].to_owned(), value });
        }
        for _ in 0..self.below(3) {
            config.sort.push(Sort { column: self.column(), op: SORTS[self.below(SORTS.len())] });
        }
        for _ in 0..self.below(3) {
            let aggregations = vec![AGGREGATES[self.below(AGGREGATES.len())].to_owned()];
            config.aggregates.insert(self.column(), AggList { aggregations });
        }
        if self.byte() & 3 == 3 {
            config.expressions.insert("e".to_owned(), EXPRESSIONS[self.below(EXPRESSIONS.len())].to_owned());
        }
        if self.byte() & 7 == 7 {
            config.group_by_depth = self.edge();
        }
        config
    }

    fn rows(&mut self) -> String {
        let rows: Vec<String> = (0..1 + self.below(4))
            .map(|_| {
                let (key, bits, n) = (self.below(6), self.byte(), self.below(5));
                let mut row = format!("{{\"k\":\"k{key}\"");
                for (bit, cell) in [
                    format!("\"i\":{n}"),
                    format!("\"f\":{}", n as f64 / 4.0),
                    format!("\"s\":\"{}\"", ["a", "b", "", "ä", "c"][n]),
                    format!("\"b\":{}", n % 2 == 0),
                    format!("\"d\":\"2024-0{}-02\"", n + 1),
                    "\"i\":null".to_owned(),
                    "\"s\":null,\"f\":null".to_owned(),
                ]
                .iter()
                .enumerate()
                {
                    if bits >> bit & 1 == 1 && !(bit == 5 && bits & 1 == 1) && !(bit == 6 && bits & 6 != 0) {
                        row += ",";
                        row += cell;
                    }
                }
                row + "}"
            })
            .collect();
        format!("[{}]", rows.join(","))
    }
}

struct Client {
    server: Server,
    session: u32,
}

impl Client {
    fn ask(&mut self, entity_id: &str, body: ClientReq) -> Option<ClientResp> {
        let request = Request { msg_id: 1, entity_id: entity_id.to_owned(), client_req: Some(body) };
        let messages = self.server.handle(self.session, Bytes::from(request.encode_to_vec()), NOW);
        self.server.poll(NOW);
        let answer = messages.iter().find(|message| !message.notification)?;
        Response::decode(&answer.bytes[..]).expect("the server writes valid messages").client_resp
    }

    fn make_view(&mut self, id: &str, config: &ViewConfig) -> bool {
        let req = TableMakeViewReq { view_id: id.to_owned(), config: Some(config.clone()) };
        matches!(self.ask("t", ClientReq::TableMakeViewReq(req)), Some(ClientResp::TableMakeViewResp(_)))
    }

    fn cells(&mut self, id: &str) -> Option<ClientResp> {
        self.ask(id, ClientReq::ViewToCsvReq(ViewToCsvReq::default()))
    }
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let mut server = Server::new(ServerOptions { limits: Limits::default() }, 1);
    let session = server.open_session(SessionOptions::default());
    let mut client = Client { server, session };
    let rows = r#"[{"k":"k0","i":1,"f":0.5,"s":"a","b":true,"d":"2024-01-02"},{"k":"k1","i":2,"s":"b","d":null}]"#;
    let index = MakeTableType::MakeIndexTable("k".to_owned());
    let make = MakeTableReq {
        data: Some(MakeTableData { data: Some(Data::FromRows(rows.to_owned())) }),
        options: Some(MakeTableOptions { make_table_type: Some(index), ..MakeTableOptions::default() }),
    };
    client.ask("t", ClientReq::MakeTableReq(make));
    let config = choices.config();
    if !client.make_view("v", &config) {
        return;
    }
    client.cells("v");
    for _ in 0..choices.below(6) {
        let change = match choices.below(5) {
            0 => {
                let data = Some(Data::FromRows(format!("[\"k{}\"]", choices.below(6))));
                ClientReq::TableRemoveReq(TableRemoveReq { data: Some(MakeTableData { data }) })
            }
            1 if choices.byte() > 200 => {
                let data = Some(MakeTableData { data: Some(Data::FromRows(choices.rows())) });
                ClientReq::TableReplaceReq(TableReplaceReq { data })
            }
            _ => {
                let data = Some(MakeTableData { data: Some(Data::FromRows(choices.rows())) });
                ClientReq::TableUpdateReq(TableUpdateReq { data, port_id: 0 })
            }
        };
        client.ask("t", change);
        let viewport = Some(ViewPort {
            start_row: choices.edge(),
            start_col: choices.edge(),
            end_row: choices.edge(),
            end_col: choices.edge(),
            ..ViewPort::default()
        });
        match choices.below(5) {
            0 => client.ask("v", ClientReq::ViewToRowsStringReq(ViewToRowsStringReq { viewport, ..Default::default() })),
            1 => client.ask("v", ClientReq::ViewToArrowReq(ViewToArrowReq { viewport, ..Default::default() })),
            2 => client.ask("v", ClientReq::ViewToColumnsStringReq(ViewToColumnsStringReq { viewport, ..Default::default() })),
            3 => client.ask("v", ClientReq::ViewColumnPathsReq(ViewColumnPathsReq { start_col: choices.edge(), end_col: choices.edge() })),
            _ => None,
        };
    }
    // `last` and its like go by the order of updates, which a view made anew reads from the table: all of it is compared.
    let stepped = client.cells("v");
    // A second view of the same configuration would share the computation, so the first must go.
    client.ask("v", ClientReq::ViewDeleteReq(ViewDeleteReq {}));
    assert!(client.make_view("w", &config), "the configuration was good before");
    assert_eq!(stepped, client.cells("w"));
});

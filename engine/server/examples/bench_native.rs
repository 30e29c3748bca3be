//! The engine natively, as one worker of `tests/bench`: one JSON command a line on standard input, one answer a line.
//!
//! It sends the same messages as the Python client and answers what `tests/bench/node/worker.mjs` answers, so that the
//! price of WebAssembly shows. It is also what to give to a profiler: everything that is measured happens in
//! [`measured`].

use std::error::Error;
use std::fmt::Formatter;
use std::io::{BufRead, Write};
use std::time::Instant;

use bytes::Bytes;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use sightline_protocol::columns_update::{Columns, OptColumns};
use sightline_protocol::make_table_data::Data;
use sightline_protocol::make_table_req::MakeTableOptions;
use sightline_protocol::make_table_req::make_table_options::MakeTableType;
use sightline_protocol::request::ClientReq;
use sightline_protocol::response::ClientResp;
use sightline_protocol::scalar::Scalar as Operand;
use sightline_protocol::view_config::{AggList, Filter, Sort};
use sightline_protocol::*;
use sightline_server::{Outgoing, Server, ServerOptions, SessionOptions};

type Outcome<T> = Result<T, Box<dyn Error>>;

const TABLE: &str = "table";
const LOADED: &str = "loaded";
const VIEW: &str = "view";
const LASTING: &str = "lasting";

fn main() -> Outcome<()> {
    let mut worker = Worker::new()?;
    for line in std::io::stdin().lock().lines() {
        let reply = serde_json::from_str(&line?)
            .map_err(Into::into)
            .and_then(|command| worker.command(&command))
            .unwrap_or_else(|error| json!({ "error": error.to_string() }));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}

struct Worker {
    server: Server,
    session: u32,
    next_id: u32,
    current: String,
}

/// Sends one request, and polls when it calls for that, as a host does.
#[inline(never)]
fn measured(server: &mut Server, session: u32, request: Bytes) -> Vec<Outgoing> {
    let mut messages = server.handle(session, request, 0.0);
    if server.needs_poll() {
        messages.extend(server.poll(0.0));
    }
    messages
}

impl Worker {
    fn new() -> Outcome<Self> {
        let mut server = Server::new(ServerOptions::default(), 1);
        let options: SessionOptions = serde_json::from_str("{}")?;
        let session = server.open_session(options);
        Ok(Self {
            server,
            session,
            next_id: 1,
            current: String::new(),
        })
    }

    fn command(&mut self, command: &Value) -> Outcome<Value> {
        match text(command, "do") {
            "version" => Ok(json!({ "version": env!("CARGO_PKG_VERSION") })),
            "prepare" => {
                let bytes = std::fs::read(text(command, "dictionary"))?;
                self.send(TABLE, make(Data::FromArrow(bytes.into()), ""))?;
                Ok(json!({}))
            }
            "memory" => Ok(json!({ "unsupported": true })),
            "start" => timed(|| Worker::new().map(|_| Value::Null)),
            "work" => self.work(command),
            other => Err(format!("unknown command `{other}`").into()),
        }
    }

    fn work(&mut self, command: &Value) -> Outcome<Value> {
        let task = &command["task"];
        let kind = text(task, "kind");
        if self.current != text(command, "name") {
            if !self.current.is_empty() {
                self.send(LASTING, ClientReq::ViewDeleteReq(ViewDeleteReq {}))
                    .ok();
            }
            text(command, "name").clone_into(&mut self.current);
            let config = match kind {
                "Stream" => Some(config(&task["query"])),
                "Output" if text(task, "form") == "window" => Some(config(&json!({
                    "group_by": ["symbol", "venue"], "columns": ["qty", "price"], "aggregates": { "price": "avg" },
                }))),
                "Output" => Some(ViewConfig::default()),
                _ => None,
            };
            if let Some(config) = config {
                self.send(TABLE, view(LASTING, config))?;
            }
            if kind == "Stream" {
                let mode = Some(view_on_update_req::Mode::Row.into());
                self.send(
                    LASTING,
                    ClientReq::ViewOnUpdateReq(ViewOnUpdateReq { mode }),
                )?;
            }
        }
        let repeats = command["repeats"].as_u64().unwrap_or(1);
        let mut last = Value::Null;
        for _ in 0..repeats {
            last = match kind {
                "Query" => self.query(task)?,
                "Load" => self.load(task, text(command, "path"))?,
                "Stream" => self.stream(task, text(command, "path"))?,
                "Output" => self.output(task)?,
                _ => json!({ "unsupported": true }),
            };
        }
        Ok(last)
    }

    fn query(&mut self, task: &Value) -> Outcome<Value> {
        let first = task["first"].as_u64().unwrap_or(50) as u32;
        let depth = items(&task["group_by"]).count();
        let reply = timed(|| {
            self.send(TABLE, view(VIEW, config(task)))?;
            let Ordered(columns) = serde_json::from_str(&self.columns(VIEW, 0, first)?)?;
            Ok(digest(columns, depth))
        })?;
        self.send(VIEW, ClientReq::ViewDeleteReq(ViewDeleteReq {}))?;
        Ok(reply)
    }

    fn load(&mut self, task: &Value, path: &str) -> Outcome<Value> {
        let bytes = std::fs::read(path)?;
        let data = match text(task, "form") {
            "csv" => Data::FromCsv(String::from_utf8(bytes)?),
            "rows" => Data::FromRows(String::from_utf8(bytes)?),
            "columns" => Data::FromCols(String::from_utf8(bytes)?),
            _ => Data::FromArrow(bytes.into()),
        };
        let request = make(data, task["index"].as_str().unwrap_or_default());
        let request = self.encode(LOADED, request);
        let reply = timed(|| {
            self.deliver(request)?;
            match self.send(LOADED, ClientReq::TableSizeReq(TableSizeReq {}))? {
                ClientResp::TableSizeResp(size) => Ok(size.size.into()),
                other => Err(unexpected(&other)),
            }
        })?;
        let delete = TableDeleteReq { is_immediate: true };
        self.send(LOADED, ClientReq::TableDeleteReq(delete))?;
        Ok(reply)
    }

    fn stream(&mut self, task: &Value, path: &str) -> Outcome<Value> {
        let bytes = std::fs::read(path)?;
        let data = MakeTableData {
            data: Some(Data::FromArrow(bytes.into())),
        };
        let update = TableUpdateReq {
            data: Some(data),
            port_id: 0,
        };
        let request = self.encode(TABLE, ClientReq::TableUpdateReq(update));
        let first = task["query"]["first"].as_u64().unwrap_or(50) as u32;
        timed(|| {
            let answers = self.deliver(request)?;
            if !answers
                .iter()
                .any(|answer| matches!(answer, ClientResp::ViewOnUpdateResp(_)))
            {
                return Err("no delta came".into());
            }
            self.columns(LASTING, 0, first)?;
            Ok(1.into())
        })
    }

    fn output(&mut self, task: &Value) -> Outcome<Value> {
        let end = task["rows"].as_u64().unwrap_or(u64::from(u32::MAX)) as u32;
        let viewport = Some(rows(0, end));
        match text(task, "form") {
            "window" => timed(|| Ok((!self.columns(LASTING, 100, 200)?.is_empty()).into())),
            "columns" => timed(|| Ok((!self.columns(LASTING, 0, end)?.is_empty()).into())),
            "csv" => timed(|| {
                match self.send(LASTING, ClientReq::ViewToCsvReq(ViewToCsvReq { viewport }))? {
                    ClientResp::ViewToCsvResp(made) => {
                        Ok((made.csv.matches('\n').count() - 1).into())
                    }
                    other => Err(unexpected(&other)),
                }
            }),
            _ => timed(|| {
                let request = ViewToArrowReq {
                    viewport,
                    compression: None,
                };
                match self.send(LASTING, ClientReq::ViewToArrowReq(request))? {
                    ClientResp::ViewToArrowResp(made) => Ok((!made.arrow.is_empty()).into()),
                    other => Err(unexpected(&other)),
                }
            }),
        }
    }

    fn columns(&mut self, view: &str, start: u32, end: u32) -> Outcome<String> {
        let request = ViewToColumnsStringReq {
            viewport: Some(rows(start, end)),
            ..ViewToColumnsStringReq::default()
        };
        match self.send(view, ClientReq::ViewToColumnsStringReq(request))? {
            ClientResp::ViewToColumnsStringResp(made) => Ok(made.json_string),
            other => Err(unexpected(&other)),
        }
    }

    fn encode(&mut self, entity: &str, body: ClientReq) -> Bytes {
        let request = Request {
            msg_id: self.next_id,
            entity_id: entity.to_owned(),
            client_req: Some(body),
        };
        self.next_id += 1;
        request.encode_to_vec().into()
    }

    /// Sends bytes, and gives all answers, the error among them as an error.
    fn deliver(&mut self, request: Bytes) -> Outcome<Vec<ClientResp>> {
        let mut answers = Vec::new();
        for message in measured(&mut self.server, self.session, request) {
            match Response::decode(Bytes::from(message.bytes))?.client_resp {
                Some(ClientResp::ServerError(error)) => return Err(error.message.into()),
                Some(answer) => answers.push(answer),
                None => {}
            }
        }
        Ok(answers)
    }

    fn send(&mut self, entity: &str, body: ClientReq) -> Outcome<ClientResp> {
        let silent = matches!(body, ClientReq::ViewOnUpdateReq(_));
        let request = self.encode(entity, body);
        let answer = self.deliver(request)?.into_iter().next();
        if silent {
            return Ok(ClientResp::ViewOnUpdateResp(ViewOnUpdateResp::default()));
        }
        answer.ok_or_else(|| "no answer came".into())
    }
}

/// Runs the work and measures wall time and the CPU time of this thread.
fn timed(work: impl FnOnce() -> Outcome<Value>) -> Outcome<Value> {
    let cpu = cpu_ns();
    let wall = Instant::now();
    let digest = work()?;
    let wall = wall.elapsed().as_secs_f64() * 1e3;
    let cpu = (cpu_ns() - cpu) as f64 / 1e6;
    Ok(json!({ "wall": wall, "cpu": cpu, "digest": digest }))
}

/// Nanoseconds of CPU time this process has used.
fn cpu_ns() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// A JSON object with its members in the order of the text, which serde_json's own map does not keep.
struct Ordered(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Ordered;

            fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Rows of a flat view, or the groups of full depth by their path.
fn digest(mut columns: Vec<(String, Value)>, depth: usize) -> Value {
    let paths = columns
        .iter()
        .position(|(name, _)| name == "__ROW_PATH__")
        .map(|at| columns.remove(at).1);
    let n = columns.first().map_or(0, |(_, cells)| items(cells).count());
    let row = |at: usize| -> Value { columns.iter().map(|(_, cells)| cells[at].clone()).collect() };
    let Some(paths) = paths else {
        return (0..n).map(row).collect();
    };
    let label = |part: &Value| {
        part.as_str()
            .map_or_else(|| part.to_string(), str::to_owned)
    };
    let full = items(&paths)
        .enumerate()
        .filter(|(_, path)| items(path).count() == depth);
    full.map(|(at, path)| {
        (
            items(path).map(label).collect::<Vec<_>>().join("|"),
            row(at),
        )
    })
    .collect::<Map<String, Value>>()
    .into()
}

fn config(query: &Value) -> ViewConfig {
    let words = |name: &str| items(&query[name]).map(string).collect::<Vec<_>>();
    let pairs = |name: &str| query[name].as_object().into_iter().flatten();
    let grouped = items(&query["group_by"]).next().is_some();
    let operand = |value: &Value| Scalar {
        scalar: Some(match value.as_f64() {
            Some(number) => Operand::Float(number),
            None => Operand::String(string(value)),
        }),
    };
    ViewConfig {
        group_by: words("group_by"),
        split_by: words("split_by"),
        columns: Some(ColumnsUpdate {
            opt_columns: Some(OptColumns::Columns(Columns {
                columns: words("columns"),
            })),
        }),
        filter: items(&query["filter"])
            .map(|filter| Filter {
                column: string(&filter[0]),
                op: string(&filter[1]),
                value: vec![operand(&filter[2])],
            })
            .collect(),
        sort: items(&query["sort"])
            .map(|sort| Sort {
                column: string(&sort[0]),
                op: if sort[1] == "desc" {
                    SortOp::SortDesc.into()
                } else {
                    SortOp::SortAsc.into()
                },
            })
            .collect(),
        expressions: pairs("expressions")
            .map(|(name, code)| (name.clone(), string(code)))
            .collect(),
        aggregates: pairs("aggregates")
            .filter(|_| grouped)
            .map(|(name, aggregate)| {
                let aggregations = vec![string(aggregate)];
                (name.clone(), AggList { aggregations })
            })
            .collect(),
        ..ViewConfig::default()
    }
}

fn view(name: &str, config: ViewConfig) -> ClientReq {
    ClientReq::TableMakeViewReq(TableMakeViewReq {
        view_id: name.to_owned(),
        config: Some(config),
    })
}

fn make(data: Data, index: &str) -> ClientReq {
    let make_table_type =
        (!index.is_empty()).then(|| MakeTableType::MakeIndexTable(index.to_owned()));
    ClientReq::MakeTableReq(MakeTableReq {
        data: Some(MakeTableData { data: Some(data) }),
        options: Some(MakeTableOptions {
            make_table_type,
            ..MakeTableOptions::default()
        }),
    })
}

fn rows(start: u32, end: u32) -> ViewPort {
    ViewPort {
        start_row: Some(start),
        end_row: Some(end),
        ..ViewPort::default()
    }
}

fn unexpected(answer: &ClientResp) -> Box<dyn Error> {
    format!("an answer of another kind came: {answer:.80?}").into()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

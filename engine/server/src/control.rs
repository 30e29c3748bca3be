//! Host-only commands: what a process that embeds the engine asks of it, outside the wire protocol.
//!
//! Commands and answers are JSON, since they are rare and meant to be read: `{"op": "stats"}`.

use serde::{Deserialize, Serialize};

use crate::server::{Counters, Server};

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    /// Counters and sizes.
    Stats {},
    /// Milliseconds that the host saw the engine work since it last said so, for `system_info`.
    Spent {
        /// How many.
        ms: f64,
    },
}

#[derive(Debug, Serialize)]
struct Stats {
    #[serde(flatten)]
    counters: Counters,
    sessions: usize,
    tables: Vec<TableStats>,
    views: usize,
    /// Bytes of linear memory.
    heap: u64,
    /// Bytes of it in use; 0 if the front does not count them.
    used: u64,
}

#[derive(Debug, Serialize)]
struct TableStats {
    name: String,
    rows: usize,
    bytes: usize,
    views: usize,
    /// Distinct computations behind the views.
    cores: usize,
    /// Bytes of the computations.
    view_bytes: usize,
}

impl Server {
    /// Answers one command: JSON in, JSON out. A command that is not known answers `{"error": ...}`.
    pub fn control(&mut self, command: &str, now_ms: f64) -> String {
        self.set_time(now_ms);
        let answer = match serde_json::from_str(command) {
            Ok(Command::Stats {}) => serde_json::to_string(&self.stats()),
            Ok(Command::Spent { ms }) => {
                let heap = self.usage.heap;
                self.note_usage(heap, ms);
                serde_json::to_string(&serde_json::json!({}))
            }
            Err(error) => serde_json::to_string(&serde_json::json!({ "error": error.to_string() })),
        };
        answer.expect("statistics are plain numbers and names")
    }

    fn stats(&self) -> Stats {
        let tables = self
            .tables
            .iter()
            .map(|(name, entry)| TableStats {
                name: name.clone(),
                rows: entry.table.n_rows(),
                bytes: entry.table.heap_size(),
                views: entry.views.len(),
                cores: entry.cores.len(),
                view_bytes: entry.cores.values().map(|c| c.core.heap_size()).sum(),
            })
            .collect();
        Stats {
            counters: self.counters,
            sessions: self.sessions.len(),
            tables,
            views: self.views.len(),
            heap: self.usage.heap,
            used: self.usage.used,
        }
    }
}

//! Poll: queued changes are applied, followers catch up, subscribers are told.
//!
//! Tables are flushed one port at a time, ports ascending, so that a subscriber can tell its own writes; then derived
//! tables and joins follow in order of creation, which is an order of dependence. A delta is computed and encoded once
//! for all subscribers of all views with one configuration, and only if somebody asked for deltas. Every other view
//! catches up when it is read.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bytes::Bytes;
use sightline_core::column::Column;
use sightline_core::ingest::{self, IngestOptions, Input};
use sightline_core::output::{self, GroupNames};
use sightline_core::table::Delta;
use sightline_protocol::response::ClientResp;
use sightline_protocol::{ViewOnRemoveResp, ViewOnUpdateResp};

use crate::entry::{Op, Origin, TableEntry};
use crate::handlers::derived_rows;
use crate::outbox::Outbox;
use crate::server::Server;

/// The log may mention this many rows beyond those of the table before lagging views are made to catch up. Below it a
/// view that nobody reads costs nothing; above it, remembering would cost more memory than stepping saves time.
const LOG_SLACK: usize = 100_000;

/// How many deltas a log keeps, however small: each costs a few hundred bytes besides its rows.
const LOG_DELTAS: usize = 1_000;

impl Server {
    /// Applies everything that is queued.
    pub(crate) fn flush(&mut self, out: &mut Outbox) {
        if self.dirty.is_empty() {
            return;
        }
        for name in std::mem::take(&mut self.dirty) {
            let Some(entry) = self.tables.get_mut(&name) else {
                continue;
            };
            for (port, ops) in std::mem::take(&mut entry.queue) {
                self.flush_ops(&name, port, ops, out);
            }
        }
        self.flush_dependents(out);
        for entry in self.tables.values_mut() {
            self.counters.steps += entry.forget_seen(&self.context);
        }
        self.forget_dependents_seen();
    }

    /// Applies the changes of one port to one table and publishes what they did.
    fn flush_ops(&mut self, name: &str, port: u32, ops: Vec<Op>, out: &mut Outbox) {
        let Some(entry) = self.tables.get_mut(name) else {
            return;
        };
        for op in ops {
            match op {
                Op::Update(batch) => entry.table.apply(batch),
                Op::Replace(batch) => {
                    entry.table.clear();
                    entry.table.apply(batch);
                }
                Op::Remove(keys) => entry.table.remove(&keys),
            }
        }
        self.publish(name, port, out);
    }

    /// Takes the delta of a table that has just changed, and tells its views' subscribers.
    pub(crate) fn publish(&mut self, name: &str, port: u32, out: &mut Outbox) {
        let Some(entry) = self.tables.get_mut(name) else {
            return;
        };
        let Some(delta) = entry.table.take_delta().map(Rc::new) else {
            return;
        };
        self.counters.flushes += 1;
        let wanted: BTreeSet<u64> = entry
            .views
            .iter()
            .filter_map(|id| self.views.get(id))
            .filter(|view| view.deltas && !view.on_update.is_empty())
            .map(|view| view.core)
            .collect();
        let mut encoded: BTreeMap<u64, Bytes> = BTreeMap::new();
        let next_version = entry.log.version() + 1;
        for id in wanted {
            // Cores with delta subscribers are stepped at every flush, so they stand right before this delta; one
            // that failed does not, and is left to be built anew when it is read.
            let Some(shared) = entry.cores.get_mut(&id) else {
                continue;
            };
            if shared.version + 1 != next_version {
                continue;
            }
            let stepped = shared
                .core
                .step_with_changes(&entry.table, &delta, &self.context);
            self.counters.steps += 1;
            match stepped {
                Ok(changes) => {
                    shared.version = next_version;
                    let slice = shared.core.delta_slice(&entry.table, &changes);
                    if let Ok(bytes) =
                        slice.and_then(|slice| output::to_arrow(&slice, GroupNames::Plain, None))
                    {
                        self.counters.deltas_encoded += 1;
                        encoded.insert(id, bytes.into());
                    }
                }
                Err(_) => shared.core.invalidate(),
            }
        }
        entry.record(Rc::clone(&delta));
        let removed = removed_keys(entry, &delta);
        for id in &entry.views {
            let Some(view) = self.views.get(id) else {
                continue;
            };
            if let Some(indices) = &removed {
                for subscriber in &view.on_remove {
                    let body = ViewOnRemoveResp {
                        indices: Some(indices.clone()),
                        port_id: port,
                    };
                    out.notify(
                        subscriber.session,
                        subscriber.msg_id,
                        id,
                        Some(ClientResp::ViewOnRemoveResp(body)),
                    );
                }
            }
            for subscriber in &view.on_update {
                let delta = if view.deltas {
                    encoded.get(&view.core).cloned()
                } else {
                    None
                };
                let body = ViewOnUpdateResp {
                    delta,
                    port_id: port,
                };
                out.notify(
                    subscriber.session,
                    subscriber.msg_id,
                    id,
                    Some(ClientResp::ViewOnUpdateResp(body)),
                );
            }
        }
    }

    /// Lets joins and derived tables follow their sources.
    fn flush_dependents(&mut self, out: &mut Outbox) {
        let mut dependents: Vec<(u64, String)> = self
            .tables
            .iter()
            .filter(|(_, entry)| !matches!(entry.origin, Origin::Input))
            .map(|(name, entry)| (entry.serial, name.clone()))
            .collect();
        dependents.sort_unstable();
        for (_, name) in dependents {
            // Out of the map for the moment, so that its sources can be read.
            let Some(mut entry) = self.tables.remove(&name) else {
                continue;
            };
            let changed = self.follow_sources(&mut entry);
            self.tables.insert(name.clone(), entry);
            if changed {
                self.publish(&name, 0, out);
            }
        }
    }

    /// Brings a dependent table up to its sources; whether they had changed.
    fn follow_sources(&mut self, entry: &mut TableEntry) -> bool {
        match &mut entry.origin {
            Origin::Input => false,
            Origin::Join {
                join,
                sources: [left, right],
                seen,
            } => {
                let (Some(left), Some(right)) = (self.tables.get(left), self.tables.get(right))
                else {
                    return false;
                };
                let versions = [left.log.version(), right.log.version()];
                if *seen == versions {
                    return false;
                }
                let left_delta = left.log.since(seen[0]);
                let right_delta = right.log.since(seen[1]);
                join.step(
                    &left.table,
                    left_delta.as_deref(),
                    &right.table,
                    right_delta.as_deref(),
                    &mut entry.table,
                );
                *seen = versions;
                true
            }
            Origin::View { view, table, seen } => {
                let Some(source) = self.tables.get_mut(table) else {
                    return false;
                };
                let version = source.log.version();
                if *seen == version {
                    return false;
                }
                let Some(view) = self.views.get(view) else {
                    return false;
                };
                if source.catch_up(view.core, &self.context).is_err() {
                    return false;
                }
                let Some(shared) = source.cores.get(&view.core) else {
                    return false;
                };
                let Ok(rows) = derived_rows(shared, &view.view, &source.table) else {
                    return false;
                };
                let (schema, index) = (entry.table.schema(), entry.table.index());
                let input = Input::Arrow(&rows);
                let Ok(batch) = ingest::conform(input, schema, index, &IngestOptions::default())
                else {
                    return false;
                };
                entry.table.clear();
                entry.table.apply(batch);
                *seen = version;
                true
            }
        }
    }

    /// Drops what joins and derived tables have seen from the logs of their sources.
    fn forget_dependents_seen(&mut self) {
        let mut oldest: BTreeMap<String, u64> = BTreeMap::new();
        for entry in self.tables.values() {
            let sources: &[(&String, u64)] = match &entry.origin {
                Origin::Input => &[],
                Origin::Join {
                    sources: [left, right],
                    seen,
                    ..
                } => &[(left, seen[0]), (right, seen[1])],
                Origin::View { table, seen, .. } => &[(table, *seen)],
            };
            for (name, seen) in sources {
                let least = oldest.entry((*name).clone()).or_insert(*seen);
                *least = (*least).min(*seen);
            }
        }
        for (name, entry) in &mut self.tables {
            if entry.n_dependents > 0 {
                let least = entry
                    .oldest_core()
                    .min(oldest.get(name).copied().unwrap_or(u64::MAX));
                entry.log.forget(least.min(entry.log.version()));
            }
        }
    }
}

impl TableEntry {
    /// The version of the computation that lags most.
    fn oldest_core(&self) -> u64 {
        self.cores
            .values()
            .map(|shared| shared.version)
            .min()
            .unwrap_or_else(|| self.log.version())
    }

    /// Shortens the log, and makes lagging computations catch up once it grew too long. Returns how many did.
    fn forget_seen(&mut self, context: &sightline_core::view::Context) -> u64 {
        let mut n_steps = 0;
        if self.log.n_deltas() > LOG_DELTAS
            || self.log.n_rows() > 2 * self.table.n_rows() + LOG_SLACK
        {
            let ids: Vec<u64> = self.cores.keys().copied().collect();
            for id in ids {
                n_steps += u64::from(self.catch_up(id, context).unwrap_or(false));
            }
        }
        if self.n_dependents == 0 {
            self.log.forget(self.oldest_core());
        }
        n_steps
    }
}

/// The removed keys as an Arrow stream of one column named as the index; `None` if there is no index or no such key.
fn removed_keys(entry: &TableEntry, delta: &Delta) -> Option<Bytes> {
    let position = entry.table.index()?;
    let keys: &Column = &delta.removed_keys;
    if keys.is_empty() {
        return None;
    }
    let name = &entry.table.schema().fields()[position].name;
    let bytes: Result<Vec<u8>, _> = output::column_to_arrow(name, keys);
    bytes.ok().map(Bytes::from)
}

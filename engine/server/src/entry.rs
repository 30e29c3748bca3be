//! The server's tables and views with what surrounds them: queues, followers and subscribers.

use std::collections::BTreeMap;
use std::rc::Rc;

use sightline_core::batch::Batch;
use sightline_core::column::Column;
use sightline_core::table::{Delta, Join, Table};
use sightline_core::view::{Context, Filter, View, ViewConfig, ViewCore};

use crate::error::Result;
use crate::log::Log;

/// A subscription: the session to tell, and the id of the request that asked, which every message repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscriber {
    /// The session.
    pub session: u32,
    /// The id of the subscribing request.
    pub msg_id: u32,
}

/// A change that was accepted and waits for the next poll.
#[derive(Debug)]
pub enum Op {
    /// Upsert or append.
    Update(Batch),
    /// Clear, then load.
    Replace(Batch),
    /// Remove by key.
    Remove(Column),
}

/// Where the rows of a table come from.
#[derive(Debug)]
pub enum Origin {
    /// From clients.
    Input,
    /// From two other tables.
    Join {
        /// The join itself.
        join: Box<Join>,
        /// Left and right table.
        sources: [String; 2],
        /// The versions of both that the join has seen.
        seen: [u64; 2],
    },
    /// From a view of another table.
    View {
        /// The view's id.
        view: String,
        /// The table the view is of.
        table: String,
        /// The version of that table that has been copied.
        seen: u64,
    },
}

/// What makes two views one computation.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreKey {
    /// The configuration.
    pub config: ViewConfig,
    /// The rows that the sessions may see at all.
    pub guard: Vec<Filter>,
}

/// The computation behind all views with one key.
#[derive(Debug)]
pub struct SharedCore {
    /// What it computes.
    pub key: CoreKey,
    /// The computation.
    pub core: ViewCore,
    /// The table version it stands at.
    pub version: u64,
    /// How many views use it.
    pub n_views: usize,
}

/// A table and everything that hangs on it.
#[derive(Debug)]
pub struct TableEntry {
    /// The rows.
    pub table: Table,
    /// Where they come from.
    pub origin: Origin,
    /// The name of the column that clients hear of as the index; a join reports its key though its rows repeat it.
    pub index_name: Option<String>,
    /// Changes that wait for a poll, by port.
    pub queue: BTreeMap<u32, Vec<Op>>,
    /// The highest port that was made.
    pub last_port: u32,
    /// What followers have not seen.
    pub log: Log,
    /// The computations of its views.
    pub cores: BTreeMap<u64, SharedCore>,
    next_core: u64,
    /// The ids of its views, in order of creation.
    pub views: Vec<String>,
    /// Who hears of its deletion.
    pub on_delete: Vec<Subscriber>,
    /// Deletions that wait until its last view is gone. Not empty: the table is hidden from lists.
    pub leaving: Vec<Subscriber>,
    /// How many joins and derived tables follow it.
    pub n_dependents: usize,
    /// Its place in the order of creation.
    pub serial: u64,
}

impl TableEntry {
    /// An entry without views.
    pub fn new(table: Table, origin: Origin, index_name: Option<String>, serial: u64) -> Self {
        Self {
            table,
            origin,
            index_name,
            queue: BTreeMap::new(),
            last_port: 0,
            log: Log::default(),
            cores: BTreeMap::new(),
            next_core: 0,
            views: Vec::new(),
            on_delete: Vec::new(),
            leaving: Vec::new(),
            n_dependents: 0,
            serial,
        }
    }

    /// The computation for `key`: the one there is, or a new one. Counts a view to it.
    pub fn join_core(
        &mut self,
        key: CoreKey,
        build: impl FnOnce(&Table) -> Result<ViewCore>,
    ) -> Result<u64> {
        if let Some((&id, shared)) = self.cores.iter_mut().find(|(_, shared)| shared.key == key) {
            shared.n_views += 1;
            return Ok(id);
        }
        let core = build(&self.table)?;
        let id = self.next_core;
        self.next_core += 1;
        self.cores.insert(
            id,
            SharedCore {
                key,
                core,
                version: self.log.version(),
                n_views: 1,
            },
        );
        self.follow();
        Ok(id)
    }

    /// Takes a view off its computation, which goes with its last view.
    pub fn leave_core(&mut self, id: u64) {
        if let Some(shared) = self.cores.get_mut(&id) {
            shared.n_views -= 1;
            if shared.n_views == 0 {
                self.cores.remove(&id);
            }
        }
        self.follow();
    }

    /// Brings one computation up to the table; whether there was anything to do.
    pub fn catch_up(&mut self, id: u64, context: &Context) -> Result<bool> {
        let Some(shared) = self.cores.get_mut(&id) else {
            return Ok(false);
        };
        let Some(delta) = self.log.since(shared.version) else {
            return Ok(false);
        };
        shared.core.step(&self.table, &delta, context)?;
        shared.version = self.log.version();
        Ok(true)
    }

    /// Bytes of the changes that wait for a poll.
    pub fn queued_bytes(&self) -> usize {
        let of_batch = |batch: &Batch| batch.columns.iter().map(|c| c.data.heap_size()).sum();
        let ops = self.queue.values().flatten();
        ops.map(|op| match op {
            Op::Update(batch) | Op::Replace(batch) => of_batch(batch),
            Op::Remove(keys) => keys.heap_size(),
        })
        .sum::<usize>()
    }

    /// Remembers changes only while somebody follows.
    pub fn follow(&mut self) {
        self.table
            .set_tracking(!self.cores.is_empty() || self.n_dependents > 0);
    }

    /// Records what a flush did.
    pub fn record(&mut self, delta: Rc<Delta>) {
        if self.cores.is_empty() && self.n_dependents == 0 {
            let next = self.log.version() + 1;
            self.log.forget(next);
        } else {
            self.log.push(delta);
        }
    }
}

/// A client's view.
#[derive(Debug)]
pub struct ViewEntry {
    /// The name of its table.
    pub table: String,
    /// The computation behind it.
    pub core: u64,
    /// What is its own: which groups are open.
    pub view: View,
    /// The session that made it, and with which it goes.
    pub owner: u32,
    /// Who hears of updates, in order of subscription.
    pub on_update: Vec<Subscriber>,
    /// Whether updates carry the changed rows: on for good once a subscriber has asked.
    pub deltas: bool,
    /// Who hears of removed keys.
    pub on_remove: Vec<Subscriber>,
    /// Who hears of its deletion.
    pub on_delete: Vec<Subscriber>,
    /// The derived tables that copy it.
    pub derived: Vec<String>,
}

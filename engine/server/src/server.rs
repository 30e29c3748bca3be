//! The server itself: sessions, names, and the way of one request.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sightline_core::view::{Context, ExpressionLimits};
use sightline_protocol::{Envelope, Message as _, Request};

use crate::entry::{Subscriber, TableEntry, ViewEntry};
use crate::error::{Error, Result};
use crate::options::{Limits, ServerOptions, SessionOptions};
use crate::outbox::{Outbox, Outgoing};
use crate::session::Session;

/// What a front last said about the machine, for `system_info`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Bytes of linear memory, or of the process.
    pub heap: u64,
    /// Bytes of it that are in use; 0 if the front does not count them.
    pub used: u64,
    /// Milliseconds spent in requests since they were last asked for.
    pub cpu_ms: f64,
    /// When they were last asked for.
    pub since_ms: f64,
}

/// Counters for whoever watches the server.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub(crate) struct Counters {
    /// Requests handled.
    pub requests: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Flushes of a table.
    pub flushes: u64,
    /// Steps of a view's computation.
    pub steps: u64,
    /// Deltas that were encoded; subscribers share them.
    pub deltas_encoded: u64,
    /// Notifications sent.
    pub notifications: u64,
}

/// A message server with its tables and views.
#[derive(Debug)]
pub struct Server {
    pub(crate) options: ServerOptions,
    pub(crate) sessions: BTreeMap<u32, Session>,
    next_session: u32,
    pub(crate) tables: BTreeMap<String, TableEntry>,
    pub(crate) views: BTreeMap<String, ViewEntry>,
    pub(crate) hosted_subscribers: Vec<Subscriber>,
    /// Tables with queued changes.
    pub(crate) dirty: BTreeSet<String>,
    pub(crate) next_serial: u64,
    pub(crate) context: Context,
    pub(crate) usage: Usage,
    pub(crate) counters: Counters,
}

/// The limits of expressions among those of a server.
fn expression_limits(limits: &Limits) -> ExpressionLimits {
    ExpressionLimits {
        source_bytes: limits.expression_bytes,
        depth: limits.expression_depth,
        steps: limits.expression_steps,
        steps_per_row: limits.expression_steps_per_row,
        text_bytes: limits.expression_text_bytes,
    }
}

/// One request at work: who asks, under which id, about what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub session: u32,
    pub msg_id: u32,
    pub entity_id: &'a str,
}

impl Call<'_> {
    /// The call as a subscription.
    pub fn subscriber(&self) -> Subscriber {
        Subscriber {
            session: self.session,
            msg_id: self.msg_id,
        }
    }
}

impl Server {
    /// A server without tables. `seed` feeds `random()` in expressions.
    pub fn new(options: ServerOptions, seed: u64) -> Self {
        Self {
            context: Context {
                now_ms: 0.0,
                random_seed: seed,
                expressions: expression_limits(&options.limits),
            },
            options,
            sessions: BTreeMap::new(),
            next_session: 1,
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
            hosted_subscribers: Vec::new(),
            dirty: BTreeSet::new(),
            next_serial: 0,
            usage: Usage::default(),
            counters: Counters::default(),
        }
    }

    /// Opens a session; ids count from 1.
    pub fn open_session(&mut self, options: SessionOptions) -> u32 {
        let id = self.next_session;
        self.next_session += 1;
        self.sessions.insert(id, Session::new(options));
        id
    }

    /// Closes a session: its views go silently, its tables stay.
    pub fn close_session(&mut self, session: u32) -> Vec<Outgoing> {
        let mut out = Outbox::default();
        if let Some(closed) = self.sessions.remove(&session) {
            self.hosted_subscribers
                .retain(|subscriber| subscriber.session != session);
            for view in self.views.values_mut() {
                for subscribers in [
                    &mut view.on_update,
                    &mut view.on_remove,
                    &mut view.on_delete,
                ] {
                    subscribers.retain(|subscriber| subscriber.session != session);
                }
            }
            for table in self.tables.values_mut() {
                table
                    .on_delete
                    .retain(|subscriber| subscriber.session != session);
            }
            for id in closed.views {
                // A view that feeds a derived table outlives its session, as the table does.
                if self
                    .views
                    .get(&id)
                    .is_some_and(|view| view.owner == session && view.derived.is_empty())
                {
                    self.drop_view(&id, &mut out);
                }
            }
        }
        self.finish(out)
    }

    /// Tells the server what it cannot measure itself: bytes of memory in use and milliseconds spent in it.
    pub fn note_usage(&mut self, heap: u64, spent_ms: f64) {
        self.usage.heap = heap;
        self.usage.cpu_ms += spent_ms;
    }

    /// Tells the server how many bytes it has allocated, from a front that counts them. Only then does the limit
    /// `memory` work.
    pub fn note_used(&mut self, bytes: u64) {
        self.usage.used = bytes;
    }

    /// Fails if some more bytes would go beyond the limit `memory`.
    pub(crate) fn check_memory(&self, what: &str, bytes: usize) -> Result<()> {
        let value = self.options.limits.memory;
        if self.usage.used == 0 || self.usage.used.saturating_add(bytes as u64) <= value {
            return Ok(());
        }
        Err(Error::Limit {
            what: format!(
                "{what} needs about {bytes} bytes, and with {} in use it",
                self.usage.used
            ),
            limit: "memory",
            value: usize::try_from(value).unwrap_or(usize::MAX),
        })
    }

    /// Handles one serialized request of a session. `now_ms` is the time, in milliseconds since 1970 UTC.
    ///
    /// Every request is answered, if only by an error; but for a session that is not open nobody could hear it.
    pub fn handle(&mut self, session: u32, request: Bytes, now_ms: f64) -> Vec<Outgoing> {
        self.set_time(now_ms);
        self.counters.requests += 1;
        let mut out = Outbox::default();
        if !self.sessions.contains_key(&session) {
            let error = Error::UnknownSession(session);
            out.fail(session, 0, "", &error);
            return self.finish(out);
        }
        let limit = self.options.limits.message_size;
        if request.len() > limit {
            let what = format!("a message of {} bytes", request.len());
            // The head alone is read, so that whoever waits for the answer gets it.
            let head = Envelope::decode(request).unwrap_or_default();
            self.counters.errors += 1;
            out.fail(
                session,
                head.msg_id,
                &head.entity_id,
                &Error::Limit {
                    what,
                    limit: "message_size",
                    value: limit,
                },
            );
            return self.finish(out);
        }
        match Request::decode(request) {
            Ok(request) => {
                let call = Call {
                    session,
                    msg_id: request.msg_id,
                    entity_id: &request.entity_id,
                };
                let result = match request.client_req {
                    Some(body) => self.dispatch(call, body, &mut out),
                    None => Err(Error::request("Unhandled request type 2")),
                };
                match result {
                    Ok(Some(body)) => out.answer(session, call.msg_id, call.entity_id, body),
                    Ok(None) => {}
                    Err(error) => {
                        self.counters.errors += 1;
                        out.fail(session, call.msg_id, call.entity_id, &error);
                    }
                }
            }
            Err(error) => {
                self.counters.errors += 1;
                let error = Error::request(format!(
                    "Unhandled request type 2: the message cannot be decoded: {error}"
                ));
                out.fail(session, 0, "", &error);
            }
        }
        self.finish(out)
    }

    /// Applies what is queued and tells subscribers.
    pub fn poll(&mut self, now_ms: f64) -> Vec<Outgoing> {
        self.set_time(now_ms);
        let mut out = Outbox::default();
        self.flush(&mut out);
        self.finish(out)
    }

    /// Whether a poll would do anything.
    pub fn needs_poll(&self) -> bool {
        !self.dirty.is_empty()
    }

    pub(crate) fn set_time(&mut self, now_ms: f64) {
        self.context.now_ms = now_ms;
        if self.usage.since_ms == 0.0 {
            self.usage.since_ms = now_ms;
        }
    }

    fn finish(&mut self, out: Outbox) -> Vec<Outgoing> {
        let messages = out.into_messages();
        self.counters.notifications += messages
            .iter()
            .filter(|message| message.notification)
            .count() as u64;
        messages
    }

    /// The open session of a call.
    pub(crate) fn session(&mut self, id: u32) -> Result<&mut Session> {
        self.sessions.get_mut(&id).ok_or(Error::UnknownSession(id))
    }

    /// The table called `name`.
    pub(crate) fn table(&mut self, name: &str) -> Result<&mut TableEntry> {
        self.tables.get_mut(name).ok_or(Error::UnknownTable)
    }

    /// The view with this id, if the session may use it: its own, or anybody's for a session with all rights. A view is
    /// told from one that does not exist in no way.
    pub(crate) fn check_view(&self, call: Call<'_>) -> Result<()> {
        let session = self.sessions.get(&call.session);
        let session = session.ok_or(Error::UnknownSession(call.session))?;
        let owner = self.views.get(call.entity_id).map(|view| view.owner);
        if owner == Some(call.session) || (owner.is_some() && session.is_trusted()) {
            Ok(())
        } else {
            Err(Error::UnknownView)
        }
    }

    /// Gives back what sessions were counted for subscriptions that are gone.
    pub(crate) fn forget_subscribers<'a>(
        sessions: &mut BTreeMap<u32, Session>,
        gone: impl IntoIterator<Item = &'a Subscriber>,
    ) {
        for subscriber in gone {
            if let Some(session) = sessions.get_mut(&subscriber.session) {
                session.n_subscriptions = session.n_subscriptions.saturating_sub(1);
            }
        }
    }

    /// The view with this id, and its table.
    pub(crate) fn view(&mut self, id: &str) -> Result<(&mut ViewEntry, &mut TableEntry)> {
        let view = self.views.get_mut(id).ok_or(Error::UnknownView)?;
        let table = self
            .tables
            .get_mut(&view.table)
            .ok_or(Error::UnknownTable)?;
        Ok((view, table))
    }

    /// The view with this id, its computation up to date.
    pub(crate) fn fresh_view(&mut self, id: &str) -> Result<(&mut ViewEntry, &mut TableEntry)> {
        let view = self.views.get_mut(id).ok_or(Error::UnknownView)?;
        let table = self
            .tables
            .get_mut(&view.table)
            .ok_or(Error::UnknownTable)?;
        if table.catch_up(view.core, &self.context)? {
            self.counters.steps += 1;
        }
        Ok((view, table))
    }
}

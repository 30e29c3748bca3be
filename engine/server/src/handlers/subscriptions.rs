//! Subscriptions: who hears of updates, removals and deletions.
//!
//! A subscribing request is not answered; its id is the handle under which every later message comes, and by which it is
//! taken back. Taking back a handle that is not one's own, or that is gone, is answered with success.

use sightline_protocol::view_on_update_req::Mode;
use sightline_protocol::{
    TableRemoveDeleteResp, ViewOnUpdateReq, ViewRemoveDeleteResp, ViewRemoveOnRemoveResp,
    ViewRemoveOnUpdateResp,
};

use crate::entry::Subscriber;
use crate::error::{Error, Result};
use crate::server::{Call, Server};

/// Takes back one subscription of a session; how many there were.
fn unsubscribe(subscribers: &mut Vec<Subscriber>, session: u32, msg_id: u32) -> usize {
    let before = subscribers.len();
    subscribers.retain(|subscriber| *subscriber != Subscriber { session, msg_id });
    before - subscribers.len()
}

impl Server {
    /// Counts one more subscription to a session, up to the limit.
    pub(super) fn count_subscription(&mut self, session: u32) -> Result<()> {
        let value = self.options.limits.subscriptions_per_session;
        let session = self.session(session)?;
        if session.n_subscriptions >= value {
            let what = format!("subscription {}", session.n_subscriptions + 1);
            return Err(Error::Limit {
                what,
                limit: "subscriptions_per_session",
                value,
            });
        }
        session.n_subscriptions += 1;
        Ok(())
    }

    /// Gives back what a session was counted for subscriptions it took back.
    pub(super) fn uncount_subscriptions(&mut self, session: u32, n: usize) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.n_subscriptions = session.n_subscriptions.saturating_sub(n);
        }
    }

    pub(super) fn view_on_update(&mut self, call: Call<'_>, req: &ViewOnUpdateReq) -> Result<()> {
        let wants_deltas = match req.mode.map(Mode::try_from) {
            None => false,
            Some(Ok(Mode::Row)) => true,
            Some(Err(_)) => return Err(Error::request("unknown `mode` of on_update")),
        };
        self.view(call.entity_id)?;
        self.count_subscription(call.session)?;
        // From now on the view is stepped at every flush, so it starts where the table is.
        let (view, _) = if wants_deltas {
            self.fresh_view(call.entity_id)?
        } else {
            self.view(call.entity_id)?
        };
        view.deltas |= wants_deltas;
        view.on_update.push(call.subscriber());
        if view.deltas {
            self.fresh_view(call.entity_id)?;
        }
        Ok(())
    }

    pub(super) fn view_remove_on_update(
        &mut self,
        call: Call<'_>,
        id: u32,
    ) -> Result<ViewRemoveOnUpdateResp> {
        let (view, _) = self.view(call.entity_id)?;
        let n = unsubscribe(&mut view.on_update, call.session, id);
        self.uncount_subscriptions(call.session, n);
        Ok(ViewRemoveOnUpdateResp {})
    }

    pub(super) fn view_on_remove(&mut self, call: Call<'_>) -> Result<()> {
        // The keys of removed rows are not filtered, so whoever sees only some rows does not hear of them.
        let (view, table) = self.view(call.entity_id)?;
        if !table.cores[&view.core].key.guard.is_empty() {
            return Err(Error::Denied(
                "hear of removed keys, because it has a row filter",
            ));
        }
        self.view(call.entity_id)?;
        self.count_subscription(call.session)?;
        self.view(call.entity_id)?
            .0
            .on_remove
            .push(call.subscriber());
        Ok(())
    }

    pub(super) fn view_remove_on_remove(
        &mut self,
        call: Call<'_>,
        id: u32,
    ) -> Result<ViewRemoveOnRemoveResp> {
        let (view, _) = self.view(call.entity_id)?;
        let n = unsubscribe(&mut view.on_remove, call.session, id);
        self.uncount_subscriptions(call.session, n);
        Ok(ViewRemoveOnRemoveResp {})
    }

    pub(super) fn view_on_delete(&mut self, call: Call<'_>) -> Result<()> {
        self.view(call.entity_id)?;
        self.count_subscription(call.session)?;
        self.view(call.entity_id)?
            .0
            .on_delete
            .push(call.subscriber());
        Ok(())
    }

    pub(super) fn view_remove_delete(
        &mut self,
        call: Call<'_>,
        id: u32,
    ) -> Result<ViewRemoveDeleteResp> {
        let (view, _) = self.view(call.entity_id)?;
        let n = unsubscribe(&mut view.on_delete, call.session, id);
        self.uncount_subscriptions(call.session, n);
        Ok(ViewRemoveDeleteResp {})
    }

    pub(super) fn table_on_delete(&mut self, call: Call<'_>) -> Result<()> {
        self.table(call.entity_id)?;
        self.count_subscription(call.session)?;
        self.table(call.entity_id)?
            .on_delete
            .push(call.subscriber());
        Ok(())
    }

    pub(super) fn table_remove_delete(
        &mut self,
        call: Call<'_>,
        id: u32,
    ) -> Result<TableRemoveDeleteResp> {
        let n = unsubscribe(&mut self.table(call.entity_id)?.on_delete, call.session, id);
        self.uncount_subscriptions(call.session, n);
        Ok(TableRemoveDeleteResp {})
    }
}

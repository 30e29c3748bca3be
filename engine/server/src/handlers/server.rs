//! Requests to the server as a whole.

use sightline_protocol::{
    GetFeaturesReq, GetFeaturesResp, GetHostedTablesReq, GetHostedTablesResp, HostedTable,
    RemoveHostedTablesUpdateResp, ServerSystemInfoResp,
};

use crate::error::Result;
use crate::features::features;
use crate::outbox::Outbox;
use crate::server::{Call, Server};

impl Server {
    pub(super) fn get_features(
        &mut self,
        call: Call<'_>,
        req: &GetFeaturesReq,
    ) -> Result<GetFeaturesResp> {
        let session = self.session(call.session)?;
        session.declare_dialect(&req.dialect);
        Ok(features(session.dialect()))
    }

    pub(super) fn get_hosted_tables(
        &mut self,
        call: Call<'_>,
        req: &GetHostedTablesReq,
    ) -> Result<Option<GetHostedTablesResp>> {
        if req.subscribe {
            self.count_subscription(call.session)?;
            self.hosted_subscribers.push(call.subscriber());
            return Ok(None);
        }
        let table_infos = self
            .tables
            .iter()
            .filter(|(_, entry)| entry.leaving.is_empty())
            .map(|(name, entry)| HostedTable {
                entity_id: name.clone(),
                index: entry.index_name.clone(),
                limit: entry.table.limit(),
            })
            .collect();
        Ok(Some(GetHostedTablesResp { table_infos }))
    }

    pub(super) fn remove_hosted_tables_update(
        &mut self,
        call: Call<'_>,
        id: u32,
    ) -> RemoveHostedTablesUpdateResp {
        let before = self.hosted_subscribers.len();
        self.hosted_subscribers
            .retain(|subscriber| (subscriber.session, subscriber.msg_id) != (call.session, id));
        let n = before - self.hosted_subscribers.len();
        self.uncount_subscriptions(call.session, n);
        RemoveHostedTablesUpdateResp {}
    }

    /// Tells everybody who asked that the list of tables changed.
    pub(super) fn notify_hosted(&self, out: &mut Outbox) {
        for subscriber in &self.hosted_subscribers {
            out.notify(subscriber.session, subscriber.msg_id, "", None);
        }
    }

    pub(super) fn system_info(&mut self) -> ServerSystemInfoResp {
        let tables = || self.tables.values().map(|entry| entry.table.heap_size());
        // Where the front does not count, the tables are at least known.
        let used = match self.usage.used {
            0 => tables().sum::<usize>() as u64,
            used => used,
        };
        let now_ms = self.context.now_ms;
        let response = ServerSystemInfoResp {
            heap_size: self.usage.heap,
            used_size: used,
            cpu_time: self.usage.cpu_ms as u32,
            cpu_time_epoch: (now_ms - self.usage.since_ms).max(0.0) as u32,
        };
        self.usage.cpu_ms = 0.0;
        self.usage.since_ms = now_ms;
        response
    }
}

//! One function per request, a file per entity; this file is the way from a message to its function.

mod output;
mod server;
mod subscriptions;
mod table;
mod view;

use sightline_protocol::request::ClientReq;
use sightline_protocol::response::ClientResp;

use crate::error::Result;
use crate::outbox::Outbox;
use crate::server::{Call, Server};
use crate::session::Dialect;

pub(crate) use table::derived_rows;

/// Whether a request names a view.
fn is_about_view(request: &ClientReq) -> bool {
    use ClientReq as Q;
    matches!(
        request,
        Q::ViewDeleteReq(_)
            | Q::ViewSchemaReq(_)
            | Q::ViewExpressionSchemaReq(_)
            | Q::ViewDimensionsReq(_)
            | Q::ViewGetConfigReq(_)
            | Q::ViewColumnPathsReq(_)
            | Q::ViewGetMinMaxReq(_)
            | Q::ViewExpandReq(_)
            | Q::ViewCollapseReq(_)
            | Q::ViewSetDepthReq(_)
            | Q::ViewToColumnsStringReq(_)
            | Q::ViewToRowsStringReq(_)
            | Q::ViewToNdjsonStringReq(_)
            | Q::ViewToCsvReq(_)
            | Q::ViewToArrowReq(_)
            | Q::ViewOnUpdateReq(_)
            | Q::ViewRemoveOnUpdateReq(_)
            | Q::ViewOnRemoveReq(_)
            | Q::ViewRemoveOnRemoveReq(_)
            | Q::ViewOnDeleteReq(_)
            | Q::ViewRemoveDeleteReq(_)
    )
}

impl Server {
    /// Handles one decoded request. `None`: nothing to say now; the answer, if any, comes as a notification.
    pub(crate) fn dispatch(
        &mut self,
        call: Call<'_>,
        request: ClientReq,
        out: &mut Outbox,
    ) -> Result<Option<ClientResp>> {
        use {ClientReq as Q, ClientResp as R};
        if is_about_view(&request) {
            self.check_view(call)?;
        }
        Ok(Some(match request {
            Q::GetFeaturesReq(req) => R::GetFeaturesResp(self.get_features(call, &req)?),
            Q::GetHostedTablesReq(req) => match self.get_hosted_tables(call, &req)? {
                Some(resp) => R::GetHostedTablesResp(resp),
                None => return Ok(None),
            },
            Q::RemoveHostedTablesUpdateReq(req) => {
                R::RemoveHostedTablesUpdateResp(self.remove_hosted_tables_update(call, req.id))
            }
            Q::ServerSystemInfoReq(_) => R::ServerSystemInfoResp(self.system_info()),

            Q::MakeTableReq(req) => R::MakeTableResp(self.make_table(call, &req, out)?),
            Q::MakeJoinTableReq(req) => {
                R::MakeJoinTableResp(self.make_join_table(call, &req, out)?)
            }
            Q::TableDeleteReq(req) => match self.table_delete(call, req.is_immediate, out)? {
                Some(resp) => R::TableDeleteResp(resp),
                None => return Ok(None),
            },
            Q::TableSchemaReq(_) => R::TableSchemaResp(self.table_schema(call)?),
            Q::TableSizeReq(_) => R::TableSizeResp(self.table_size(call)?),
            Q::TableMakePortReq(_) => R::TableMakePortResp(self.table_make_port(call)?),
            Q::TableUpdateReq(req) => R::TableUpdateResp(self.table_update(call, &req)?),
            Q::TableReplaceReq(req) => R::TableReplaceResp(self.table_replace(call, &req)?),
            Q::TableRemoveReq(req) => R::TableRemoveResp(self.table_remove(call, &req)?),
            Q::TableValidateExprReq(req) => {
                self.session(call.session)?.recognise(Dialect::V55);
                R::TableValidateExprResp(self.table_validate_expr(call, &req)?)
            }
            Q::TableDescribeReq(req) => {
                self.session(call.session)?.recognise(Dialect::V56);
                R::TableDescribeResp(self.table_describe(call, &req)?)
            }

            Q::TableMakeViewReq(req) => R::TableMakeViewResp(self.table_make_view(call, &req)?),
            Q::ViewDeleteReq(_) => return self.view_delete(call, out).map(|()| None),
            Q::ViewSchemaReq(_) => R::ViewSchemaResp(self.view_schema(call)?),
            Q::ViewExpressionSchemaReq(_) => {
                R::ViewExpressionSchemaResp(self.view_expression_schema(call)?)
            }
            Q::ViewDimensionsReq(_) => R::ViewDimensionsResp(self.view_dimensions(call)?),
            Q::ViewGetConfigReq(_) => R::ViewGetConfigResp(self.view_get_config(call)?),
            Q::ViewColumnPathsReq(req) => {
                R::ViewColumnPathsResp(self.view_column_paths(call, &req)?)
            }
            Q::ViewGetMinMaxReq(req) => {
                R::ViewGetMinMaxResp(self.view_get_min_max(call, &req.column_name)?)
            }
            Q::ViewExpandReq(req) => R::ViewExpandResp(self.view_expand(call, req.row_index)?),
            Q::ViewCollapseReq(req) => {
                R::ViewCollapseResp(self.view_collapse(call, req.row_index)?)
            }
            Q::ViewSetDepthReq(req) => R::ViewSetDepthResp(self.view_set_depth(call, req.depth)?),

            Q::ViewToColumnsStringReq(req) => {
                R::ViewToColumnsStringResp(self.view_to_columns(call, &req)?)
            }
            Q::ViewToRowsStringReq(req) => R::ViewToRowsStringResp(self.view_to_rows(call, &req)?),
            Q::ViewToNdjsonStringReq(req) => {
                R::ViewToNdjsonStringResp(self.view_to_ndjson(call, &req)?)
            }
            Q::ViewToCsvReq(req) => R::ViewToCsvResp(self.view_to_csv(call, &req)?),
            Q::ViewToArrowReq(req) => R::ViewToArrowResp(self.view_to_arrow(call, &req)?),

            Q::ViewOnUpdateReq(req) => return self.view_on_update(call, &req).map(|()| None),
            Q::ViewRemoveOnUpdateReq(req) => {
                R::ViewRemoveOnUpdateResp(self.view_remove_on_update(call, req.id)?)
            }
            Q::ViewOnRemoveReq(_) => return self.view_on_remove(call).map(|()| None),
            Q::ViewRemoveOnRemoveReq(req) => {
                R::ViewRemoveOnRemoveResp(self.view_remove_on_remove(call, req.id)?)
            }
            Q::ViewOnDeleteReq(_) => return self.view_on_delete(call).map(|()| None),
            Q::ViewRemoveDeleteReq(req) => {
                R::ViewRemoveDeleteResp(self.view_remove_delete(call, req.id)?)
            }
            Q::TableOnDeleteReq(_) => return self.table_on_delete(call).map(|()| None),
            Q::TableRemoveDeleteReq(req) => {
                R::TableRemoveDeleteResp(self.table_remove_delete(call, req.id)?)
            }
        }))
    }
}

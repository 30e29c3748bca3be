//! Requests about views, all but those that read cells.

use sightline_core::Scalar;
use sightline_core::view::{ColumnPath, Filter, View, ViewCore};
use sightline_protocol as wire;
use sightline_protocol::response::ClientResp;

use crate::convert;
use crate::entry::{CoreKey, ViewEntry};
use crate::error::{Error, Result};
use crate::options::RowCondition;
use crate::outbox::Outbox;
use crate::server::{Call, Server};

/// A session's row condition as a filter.
fn guard_filter((column, op, operand): &RowCondition) -> Result<Filter> {
    let scalar = |value: &serde_json::Value| match value {
        serde_json::Value::Null => Ok(Scalar::Null),
        serde_json::Value::Bool(v) => Ok(Scalar::Bool(*v)),
        serde_json::Value::Number(v) => Ok(Scalar::Float(v.as_f64().unwrap_or(f64::NAN))),
        serde_json::Value::String(v) => Ok(Scalar::Text(v.as_str().into())),
        _ => Err(Error::request(format!(
            "the row filter on `{column}` has an operand that is not a plain value"
        ))),
    };
    let operands = match operand {
        serde_json::Value::Array(list) => list.iter().map(scalar).collect::<Result<_>>()?,
        single => vec![scalar(single)?],
    };
    Ok(Filter {
        column: column.clone(),
        op: op.clone(),
        operands,
    })
}

impl Server {
    pub(super) fn table_make_view(
        &mut self,
        call: Call<'_>,
        req: &wire::TableMakeViewReq,
    ) -> Result<wire::TableMakeViewResp> {
        let value = self.options.limits.views_per_session;
        let session = self.session(call.session)?;
        if session.views.len() >= value {
            let what = format!("view {}", session.views.len() + 1);
            return Err(Error::Limit {
                what,
                limit: "views_per_session",
                value,
            });
        }
        let dialect = session.dialect();
        let guard = match session.row_filter.get(call.entity_id) {
            Some(conditions) => conditions.iter().map(guard_filter).collect::<Result<_>>()?,
            None => Vec::new(),
        };
        if self.views.contains_key(&req.view_id) {
            return Err(Error::request(format!(
                "View \"{}\" already exists",
                req.view_id
            )));
        }
        let config = convert::view_config(req.config.as_ref(), dialect)?;
        let n_keys = config.group_by.len() + config.split_by.len() + config.sort.len();
        let n_wide = 2 * (n_keys + config.expressions.len()) + 2;
        let n_rows = self.table(call.entity_id)?.table.n_rows();
        self.check_memory("a view", n_rows.saturating_mul(8 * n_wide))?;
        let limits = self.context.expressions;
        let max_cells = self.options.limits.pivot_cells;
        let context = self.context;
        let entry = self.table(call.entity_id)?;
        let key = CoreKey { config, guard };
        let core = entry.join_core(key.clone(), |table| {
            let plan = sightline_core::view::Plan::new(&key.config, table, &limits)?
                .guarded(&key.guard, table)?
                .with_max_cells(max_cells);
            Ok(ViewCore::new(plan, table, &context)?)
        })?;
        // A shared computation may lag; the new view's first look decides which groups it opens.
        entry.catch_up(core, &context)?;
        let view = View::new(&entry.cores[&core].core);
        entry.views.push(req.view_id.clone());
        let view = ViewEntry {
            table: call.entity_id.to_owned(),
            core,
            view,
            owner: call.session,
            on_update: Vec::new(),
            deltas: false,
            on_remove: Vec::new(),
            on_delete: Vec::new(),
            derived: Vec::new(),
        };
        self.views.insert(req.view_id.clone(), view);
        self.session(call.session)?.views.push(req.view_id.clone());
        Ok(wire::TableMakeViewResp {
            view_id: req.view_id.clone(),
        })
    }

    pub(super) fn view_delete(&mut self, call: Call<'_>, out: &mut Outbox) -> Result<()> {
        let (view, _) = self.view(call.entity_id)?;
        if !view.derived.is_empty() {
            return Err(Error::request(
                "Cannot delete view: it is the source for a derived table",
            ));
        }
        let (owner, table) = (view.owner, view.table.clone());
        let told = std::mem::take(&mut view.on_delete);
        Self::forget_subscribers(&mut self.sessions, &told);
        for subscriber in told {
            let body = ClientResp::ViewOnDeleteResp(wire::ViewOnDeleteResp {});
            out.notify(
                subscriber.session,
                subscriber.msg_id,
                call.entity_id,
                Some(body),
            );
        }
        if let Some(owner) = self.sessions.get_mut(&owner) {
            owner.views.retain(|id| id != call.entity_id);
        }
        self.remove_view(call.entity_id);
        // The view's own answer goes before what its going sets off.
        out.answer(
            call.session,
            call.msg_id,
            call.entity_id,
            ClientResp::ViewDeleteResp(wire::ViewDeleteResp {}),
        );
        self.finish_leaving(&table, out);
        Ok(())
    }

    /// Takes a view of a closed session away, and completes what waited for it.
    pub(crate) fn drop_view(&mut self, id: &str, out: &mut Outbox) {
        if let Some(table) = self.remove_view(id) {
            self.finish_leaving(&table, out);
        }
    }

    /// Takes a view out of the server; the name of its table.
    fn remove_view(&mut self, id: &str) -> Option<String> {
        let view = self.views.remove(id)?;
        for subscribers in [&view.on_update, &view.on_remove, &view.on_delete] {
            Self::forget_subscribers(&mut self.sessions, subscribers);
        }
        if let Some(table) = self.tables.get_mut(&view.table) {
            table.views.retain(|other| other != id);
            table.leave_core(view.core);
        }
        Some(view.table)
    }

    pub(super) fn view_schema(&mut self, call: Call<'_>) -> Result<wire::ViewSchemaResp> {
        let (view, table) = self.view(call.entity_id)?;
        let schema = table.cores[&view.core]
            .core
            .plan()
            .schema()
            .into_iter()
            .map(|(name, column_type)| (name, convert::column_type(column_type)))
            .collect();
        Ok(wire::ViewSchemaResp { schema })
    }

    pub(super) fn view_expression_schema(
        &mut self,
        call: Call<'_>,
    ) -> Result<wire::ViewExpressionSchemaResp> {
        let (view, table) = self.view(call.entity_id)?;
        let schema = table.cores[&view.core]
            .core
            .plan()
            .expression_schema()
            .into_iter()
            .map(|(name, column_type)| (name, convert::column_type(column_type)))
            .collect();
        Ok(wire::ViewExpressionSchemaResp { schema })
    }

    pub(super) fn view_dimensions(&mut self, call: Call<'_>) -> Result<wire::ViewDimensionsResp> {
        let (view, table) = self.fresh_view(call.entity_id)?;
        let dimensions = view
            .view
            .dimensions(&table.cores[&view.core].core, &table.table);
        Ok(wire::ViewDimensionsResp {
            num_table_rows: dimensions.table_rows as u32,
            num_table_columns: dimensions.table_columns as u32,
            num_view_rows: dimensions.view_rows as u32,
            num_view_columns: dimensions.view_columns as u32,
        })
    }

    pub(super) fn view_get_config(&mut self, call: Call<'_>) -> Result<wire::ViewGetConfigResp> {
        let (view, table) = self.view(call.entity_id)?;
        let config = table.cores[&view.core].core.plan().config_echo();
        Ok(wire::ViewGetConfigResp {
            config: Some(convert::view_config_to(&config)),
        })
    }

    pub(super) fn view_column_paths(
        &mut self,
        call: Call<'_>,
        req: &wire::ViewColumnPathsReq,
    ) -> Result<wire::ViewColumnPathsResp> {
        let (view, table) = self.fresh_view(call.entity_id)?;
        let columns =
            req.start_col.unwrap_or(0) as usize..req.end_col.map_or(usize::MAX, |end| end as usize);
        let paths = view
            .view
            .column_paths(&table.cores[&view.core].core, &table.table, columns);
        let n_levels = table.cores[&view.core].core.plan().n_split_levels();
        // Typed levels for one dialect, joined text for the other; each skips what it does not know.
        let mut area = vec![wire::ColumnPathLevel::default(); n_levels + 1];
        for path in &paths {
            for (level, values) in area[..n_levels].iter_mut().enumerate() {
                let value = path
                    .values
                    .get(level)
                    .map_or(sightline_core::Value::Null, Scalar::as_value);
                values.values.push(convert::scalar(value));
            }
            area[n_levels]
                .values
                .push(convert::scalar(sightline_core::Value::Text(&path.name)));
        }
        let paths = paths.iter().map(ColumnPath::joined).collect();
        Ok(wire::ViewColumnPathsResp { paths, area })
    }

    pub(super) fn view_get_min_max(
        &mut self,
        call: Call<'_>,
        column: &str,
    ) -> Result<wire::ViewGetMinMaxResp> {
        let (view, table) = self.fresh_view(call.entity_id)?;
        let (min, max) = view
            .view
            .min_max(&table.cores[&view.core].core, &table.table, column)?;
        Ok(wire::ViewGetMinMaxResp {
            min: Some(convert::scalar(min.as_value())),
            max: Some(convert::scalar(max.as_value())),
        })
    }

    pub(super) fn view_expand(&mut self, call: Call<'_>, row: u32) -> Result<wire::ViewExpandResp> {
        let (view, table) = self.fresh_view(call.entity_id)?;
        let num_changed = view
            .view
            .expand(&table.cores[&view.core].core, row as usize) as u32;
        Ok(wire::ViewExpandResp { num_changed })
    }

    pub(super) fn view_collapse(
        &mut self,
        call: Call<'_>,
        row: u32,
    ) -> Result<wire::ViewCollapseResp> {
        let (view, table) = self.fresh_view(call.entity_id)?;
        let num_changed = view
            .view
            .collapse(&table.cores[&view.core].core, row as usize) as u32;
        Ok(wire::ViewCollapseResp { num_changed })
    }

    pub(super) fn view_set_depth(
        &mut self,
        call: Call<'_>,
        depth: u32,
    ) -> Result<wire::ViewSetDepthResp> {
        let (view, table) = self.fresh_view(call.entity_id)?;
        view.view.set_depth(&table.cores[&view.core].core, depth);
        Ok(wire::ViewSetDepthResp {})
    }
}

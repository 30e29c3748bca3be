//! Requests about tables: make, change, describe, delete.
//!
//! A change is read and checked in full here, so that its sender hears of every fault; what was accepted waits in the
//! table's queue for the next poll, where it cannot fail.

use sightline_core::batch::Batch;
use sightline_core::ingest::{self, IngestOptions, Input};
use sightline_core::output::{self, GroupNames};
use sightline_core::table::{Join, JoinKind, Table, TableOptions};
use sightline_core::view::{Plan, View, ViewConfig};
use sightline_core::{ColumnType, Schema};
use sightline_protocol as wire;
use sightline_protocol::make_table_req::make_table_options::MakeTableType;
use sightline_protocol::response::ClientResp;
use sightline_protocol::table_describe_resp;
use sightline_protocol::table_validate_expr_resp::ExprValidationError;

use crate::convert::{self, Source};
use crate::entry::{Op, Origin, SharedCore, TableEntry};
use crate::error::{Error, Result};
use crate::outbox::Outbox;
use crate::server::{Call, Server};

/// All rows of a view as an Arrow stream: how derived tables read their source, with the column names of the 5.6 dialect.
pub(crate) fn derived_rows(shared: &SharedCore, view: &View, table: &Table) -> Result<Vec<u8>> {
    let slice = view.slice(&shared.core, table, &Default::default(), Default::default())?;
    Ok(output::to_arrow(&slice, GroupNames::Plain, None)?)
}

/// The schema of named types, whose names must differ.
fn schema_of(columns: &[(&str, ColumnType)]) -> Result<Schema> {
    for (i, (name, _)) in columns.iter().enumerate() {
        if columns[..i].iter().any(|(other, _)| other == name) {
            return Err(Error::request(format!(
                "the schema names column `{name}` twice"
            )));
        }
    }
    Ok(Schema::of_types(columns.iter().copied()))
}

impl Server {
    fn ingest_options(&self, list_flatten: Option<i32>) -> Result<IngestOptions> {
        Ok(IngestOptions {
            list_flatten: convert::list_flatten(list_flatten)?,
            max_depth: self.options.limits.json_depth,
            max_rows: self.options.limits.input_rows,
            max_decompressed: self.options.limits.decompressed_bytes,
            ..IngestOptions::default()
        })
    }

    /// Whether a batch still fits the memory that tables may take together.
    fn check_room(&self, table: Option<&str>, batch: &Batch) -> Result<()> {
        let value = self.options.limits.table_bytes;
        let used: usize = self
            .tables
            .values()
            .map(|entry| entry.table.heap_size() + entry.queued_bytes())
            .sum();
        let added: usize = batch
            .columns
            .iter()
            .map(|column| column.data.heap_size())
            .sum();
        let mut wanted = added.saturating_mul(2);
        // While half of the memory is free, everything may double; only then is it worth a closer look.
        let is_tight = self.usage.used > self.options.limits.memory / 2;
        if let Some(entry) = table
            .and_then(|name| self.tables.get(name))
            .filter(|_| is_tight)
        {
            let views: usize = entry.cores.values().map(|core| core.core.heap_size()).sum();
            let growth = entry.table.growth(batch);
            wanted += growth + if growth > 0 { views / 2 } else { 0 };
        }
        self.check_memory("loading the input", wanted)?;
        if used.saturating_add(added) > value {
            let what = format!("{added} more bytes to {used} bytes of tables");
            return Err(Error::Limit {
                what,
                limit: "table_bytes",
                value,
            });
        }
        Ok(())
    }

    /// Whether there is memory left to read an input. Text may take more room as numbers, and all of it is read before a
    /// table grows.
    fn check_input(&self, input: Input<'_>) -> Result<()> {
        let bytes = match input {
            Input::Arrow(bytes) => bytes.len(),
            Input::Csv(text) | Input::Rows(text) | Input::Columns(text) | Input::Ndjson(text) => {
                text.len().saturating_mul(2)
            }
        };
        self.check_memory("reading the input", bytes)
    }

    fn check_new_table(&mut self, call: Call<'_>) -> Result<()> {
        if !self.session(call.session)?.permissions.create {
            return Err(Error::Denied("create tables"));
        }
        if self.tables.contains_key(call.entity_id) {
            return Err(Error::request(format!(
                "Table \"{}\" already exists",
                call.entity_id
            )));
        }
        let value = self.options.limits.tables;
        if self.tables.len() >= value {
            return Err(Error::Limit {
                what: format!("table {}", value + 1),
                limit: "tables",
                value,
            });
        }
        Ok(())
    }

    fn add_table(
        &mut self,
        name: &str,
        table: Table,
        origin: Origin,
        index_name: Option<String>,
        out: &mut Outbox,
    ) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.tables.insert(
            name.to_owned(),
            TableEntry::new(table, origin, index_name, serial),
        );
        self.notify_hosted(out);
    }

    pub(super) fn make_table(
        &mut self,
        call: Call<'_>,
        req: &wire::MakeTableReq,
        out: &mut Outbox,
    ) -> Result<wire::MakeTableResp> {
        self.check_new_table(call)?;
        let malformed = || Error::request("MakeTableReq malformed");
        let source = req
            .data
            .as_ref()
            .and_then(convert::source)
            .ok_or_else(malformed)?;
        let wire_options = req.options.clone().unwrap_or_default();
        let mut options = TableOptions::default();
        match wire_options.make_table_type {
            Some(MakeTableType::MakeIndexTable(index)) => options.index = Some(index),
            Some(MakeTableType::MakeLimitTable(limit)) => options.limit = Some(limit),
            None => {}
        }
        if wire_options.view_schema.is_some() && !matches!(source, Source::View(_)) {
            return Err(Error::request(
                "`schema` is only valid when making a Table from a View",
            ));
        }
        let index_name = options.index.clone();
        let table = match source {
            Source::Schema(schema) => {
                let columns = schema
                    .schema
                    .iter()
                    .map(|pair| Ok((pair.name.as_str(), convert::column_type_from(pair.r#type)?)))
                    .collect::<Result<Vec<_>>>()?;
                Table::new(schema_of(&columns)?, &options)?
            }
            Source::Input(input) => {
                self.check_input(input)?;
                let ingest_options = IngestOptions {
                    index: options.index.as_deref().map(str::to_owned),
                    ..self.ingest_options(wire_options.list_flatten)?
                };
                let (schema, mut batch) = ingest::infer(input, &ingest_options)?;
                if options.index.is_some() {
                    batch.nulls_are_missing();
                }
                self.check_room(None, &batch)?;
                let mut table = Table::new(schema, &options)?;
                table.apply(batch);
                table
            }
            Source::View(id) => {
                self.check_view(Call {
                    entity_id: id,
                    ..call
                })
                .map_err(|_| Error::request(format!("View \"{id}\" does not exist")))?;
                if options.index.is_some() || options.limit.is_some() {
                    return Err(Error::request(
                        "`index` and `limit` cannot be set on a Table made from a View",
                    ));
                }
                self.make_derived_table(call, id, wire_options.view_schema.as_ref(), out)?;
                return Ok(wire::MakeTableResp {});
            }
        };
        self.add_table(call.entity_id, table, Origin::Input, index_name, out);
        Ok(wire::MakeTableResp {})
    }

    /// Makes a table that follows a view.
    fn make_derived_table(
        &mut self,
        call: Call<'_>,
        id: &str,
        wanted: Option<&wire::Schema>,
        out: &mut Outbox,
    ) -> Result<()> {
        if !self.views.contains_key(id) {
            return Err(Error::request(format!("View \"{id}\" does not exist")));
        }
        // What is queued belongs to the first contents.
        self.flush(out);
        let (view, source) = self.fresh_view(id)?;
        let rows = derived_rows(&source.cores[&view.core], &view.view, &source.table)?;
        let options = IngestOptions::default();
        let (mut schema, mut batch) = ingest::infer(Input::Arrow(&rows), &options)?;
        // A flat view that shows its table's index keeps it, so that rows keep their identity.
        let index = source
            .table
            .index()
            .map(|position| source.table.schema().fields()[position].name.clone());
        let index = index.filter(|name| view.view.is_flat() && schema.position(name).is_some());
        if let Some(wanted) = wanted {
            let columns = wanted
                .schema
                .iter()
                .map(|pair| Ok((pair.name.as_str(), convert::column_type_from(pair.r#type)?)))
                .collect::<Result<Vec<_>>>()?;
            schema = schema_of(&columns)?;
            let position = index.as_deref().and_then(|name| schema.position(name));
            batch = ingest::conform(Input::Arrow(&rows), &schema, position, &options)?;
        }
        let options = TableOptions {
            index: index.as_deref().map(str::to_owned),
            limit: None,
        };
        let mut table = Table::new(schema, &options)?;
        table.apply(batch);
        let origin = Origin::View {
            view: id.to_owned(),
            table: view.table.clone(),
            seen: source.log.version(),
        };
        view.derived.push(call.entity_id.to_owned());
        source.n_dependents += 1;
        source.follow();
        self.add_table(call.entity_id, table, origin, options.index, out);
        Ok(())
    }

    pub(super) fn make_join_table(
        &mut self,
        call: Call<'_>,
        req: &wire::MakeJoinTableReq,
        out: &mut Outbox,
    ) -> Result<wire::MakeJoinTableResp> {
        self.check_new_table(call)?;
        let kind = match wire::JoinType::try_from(req.join_type) {
            Ok(wire::JoinType::Inner) => JoinKind::Inner,
            Ok(wire::JoinType::Left) => JoinKind::Left,
            Ok(wire::JoinType::Outer) => JoinKind::Outer,
            Err(_) => {
                return Err(Error::request(format!(
                    "{} is not a join type",
                    req.join_type
                )));
            }
        };
        self.flush(out);
        let unknown = |name: &str| Error::request(format!("Table \"{name}\" not found"));
        let (left_name, right_name) = (&req.left_table_id, &req.right_table_id);
        // A join would show all rows to whoever may see only some.
        let session = self.session(call.session)?;
        if [left_name, right_name]
            .into_iter()
            .any(|name| session.row_filter.contains_key(name))
        {
            return Err(Error::Denied(
                "join a table of which it sees only some rows",
            ));
        }
        let left = self
            .tables
            .get(left_name)
            .ok_or_else(|| unknown(left_name))?;
        let right = self
            .tables
            .get(right_name)
            .ok_or_else(|| unknown(right_name))?;
        let right_on = if req.right_on_column.is_empty() {
            &req.on_column
        } else {
            &req.right_on_column
        };
        let (join, table) = Join::new(&left.table, &right.table, &req.on_column, right_on, kind)?;
        let origin = Origin::Join {
            join: Box::new(join),
            sources: [left_name.clone(), right_name.clone()],
            seen: [left.log.version(), right.log.version()],
        };
        for name in [left_name, right_name] {
            let source = self.table(name)?;
            source.n_dependents += 1;
            source.follow();
        }
        self.add_table(
            call.entity_id,
            table,
            origin,
            Some(req.on_column.clone()),
            out,
        );
        Ok(wire::MakeJoinTableResp {})
    }

    pub(super) fn table_schema(&mut self, call: Call<'_>) -> Result<wire::TableSchemaResp> {
        let schema = self
            .table(call.entity_id)?
            .table
            .schema()
            .fields()
            .iter()
            .map(|field| wire::schema::KeyTypePair {
                name: field.name.to_string(),
                r#type: convert::column_type(field.dtype.column_type()),
            })
            .collect();
        Ok(wire::TableSchemaResp {
            schema: Some(wire::Schema { schema }),
        })
    }

    pub(super) fn table_size(&mut self, call: Call<'_>) -> Result<wire::TableSizeResp> {
        Ok(wire::TableSizeResp {
            size: self.table(call.entity_id)?.table.n_rows() as u32,
        })
    }

    pub(super) fn table_make_port(&mut self, call: Call<'_>) -> Result<wire::TableMakePortResp> {
        let table = self.table(call.entity_id)?;
        table.last_port += 1;
        Ok(wire::TableMakePortResp {
            port_id: table.last_port,
        })
    }

    /// The table of a call that writes, if it can be written to.
    fn writable(&mut self, call: Call<'_>) -> Result<&mut TableEntry> {
        let table = self.table(call.entity_id)?;
        match table.origin {
            Origin::Input => Ok(table),
            Origin::Join { .. } => Err(Error::request("Cannot update a read-only join table")),
            Origin::View { .. } => Err(Error::request("Cannot update a read-only derived table")),
        }
    }

    fn enqueue(&mut self, call: Call<'_>, port: u32, op: Op) -> Result<()> {
        let table = self.table(call.entity_id)?;
        table.queue.entry(port).or_default().push(op);
        self.dirty.insert(call.entity_id.to_owned());
        Ok(())
    }

    pub(super) fn table_update(
        &mut self,
        call: Call<'_>,
        req: &wire::TableUpdateReq,
    ) -> Result<wire::TableUpdateResp> {
        if !self.session(call.session)?.permissions.update {
            return Err(Error::Denied("update tables"));
        }
        let options = self.ingest_options(None)?;
        let entry = self.writable(call)?;
        if req.port_id > entry.last_port {
            return Err(Error::request(format!(
                "port `{}` does not exist; make it first",
                req.port_id
            )));
        }
        let input = match req.data.as_ref().and_then(convert::source) {
            Some(Source::Input(input)) => input,
            _ => return Err(Error::request("MakeTableReq malformed")),
        };
        self.check_input(input)?;
        let entry = self.writable(call)?;
        let batch = ingest::conform(input, entry.table.schema(), entry.table.index(), &options)?;
        self.check_room(Some(call.entity_id), &batch)?;
        if batch.n_rows > 0 {
            self.enqueue(call, req.port_id, Op::Update(batch))?;
        }
        Ok(wire::TableUpdateResp {})
    }

    pub(super) fn table_replace(
        &mut self,
        call: Call<'_>,
        req: &wire::TableReplaceReq,
    ) -> Result<wire::TableReplaceResp> {
        let permissions = self.session(call.session)?.permissions;
        if !permissions.remove {
            return Err(Error::Denied("remove rows"));
        }
        let options = self.ingest_options(None)?;
        self.writable(call)?;
        let input = match req.data.as_ref().and_then(convert::source) {
            Some(Source::Input(input)) if !matches!(input, Input::Ndjson(_)) => input,
            _ => return Err(Error::request("TableReplaceReq malformed")),
        };
        self.check_input(input)?;
        let entry = self.writable(call)?;
        let batch = ingest::conform(input, entry.table.schema(), entry.table.index(), &options)?;
        if batch.n_rows > 0 && !permissions.update {
            return Err(Error::Denied("update tables"));
        }
        self.check_room(Some(call.entity_id), &batch)?;
        self.enqueue(call, 0, Op::Replace(batch))?;
        Ok(wire::TableReplaceResp {})
    }

    pub(super) fn table_remove(
        &mut self,
        call: Call<'_>,
        req: &wire::TableRemoveReq,
    ) -> Result<wire::TableRemoveResp> {
        if !self.session(call.session)?.permissions.remove {
            return Err(Error::Denied("remove rows"));
        }
        let options = self.ingest_options(None)?;
        let entry = self.writable(call)?;
        let input = match req.data.as_ref().and_then(convert::source) {
            Some(Source::Input(Input::Columns(_))) => {
                return Err(Error::request("Cannot remove fish!"));
            }
            Some(Source::Input(input @ (Input::Rows(_) | Input::Arrow(_)))) => input,
            _ => return Err(Error::request("remove malformed")),
        };
        let index = entry
            .table
            .index()
            .ok_or_else(|| Error::request("Cannot remove from unindexed Table"))?;
        let keys = ingest::keys(input, &entry.table.schema().fields()[index], &options)?;
        self.enqueue(call, 0, Op::Remove(keys))?;
        Ok(wire::TableRemoveResp {})
    }

    pub(super) fn table_validate_expr(
        &mut self,
        call: Call<'_>,
        req: &wire::TableValidateExprReq,
    ) -> Result<wire::TableValidateExprResp> {
        let mut response = wire::TableValidateExprResp {
            expression_alias: req.column_to_expr.clone(),
            ..wire::TableValidateExprResp::default()
        };
        let expressions: Vec<_> = req
            .column_to_expr
            .iter()
            .map(|(alias, text)| (alias.clone(), text.clone()))
            .collect();
        for (alias, checked) in self.check_expressions(call, &expressions)? {
            match checked {
                Ok(column_type) => {
                    response.expression_schema.insert(alias, column_type);
                }
                Err(error) => {
                    let error = ExprValidationError {
                        error_message: error.error_message,
                        line: error.line,
                        column: error.column,
                    };
                    response.errors.insert(alias, error);
                }
            }
        }
        Ok(response)
    }

    pub(super) fn table_describe(
        &mut self,
        call: Call<'_>,
        req: &wire::TableDescribeReq,
    ) -> Result<wire::TableDescribeResp> {
        let dialect = self.session(call.session)?.dialect();
        let config = convert::view_config(req.config.as_ref(), dialect)?;
        let mut response = wire::TableDescribeResp::default();
        for (alias, checked) in self.check_expressions(call, &config.expressions)? {
            match checked {
                Ok(column_type) => {
                    response.expression_schema.insert(alias, column_type);
                }
                Err(error) => {
                    response.expression_errors.insert(alias, error);
                }
            }
        }
        if response.expression_errors.is_empty() {
            let result = match self.plan(call.entity_id, &config) {
                Ok(plan) => {
                    let schema = plan
                        .schema()
                        .into_iter()
                        .map(|(name, column_type)| (name, convert::column_type(column_type)))
                        .collect();
                    table_describe_resp::Result::View(wire::ViewDescription { schema })
                }
                Err(error @ Error::UnknownTable) => return Err(error),
                Err(error) => table_describe_resp::Result::ConfigError(error.to_string()),
            };
            response.result = Some(result);
        }
        Ok(response)
    }

    /// The type of each expression, or what is wrong with it.
    fn check_expressions(
        &mut self,
        call: Call<'_>,
        expressions: &[(String, String)],
    ) -> Result<Vec<(String, Result<i32, wire::ExpressionError>)>> {
        let limits = self.context.expressions;
        let table = self.table(call.entity_id)?;
        let checked = Plan::check_expressions(expressions, &table.table, &limits);
        Ok(checked
            .into_iter()
            .map(|(alias, result)| {
                let result = match result {
                    Ok(dtype) => Ok(convert::column_type(dtype.column_type())),
                    Err(error) => {
                        let (line, column) = match &error {
                            sightline_core::Error::Expression { line, column, .. } => {
                                (*line, *column)
                            }
                            _ => (0, 0),
                        };
                        Err(wire::ExpressionError {
                            error_message: error.to_string(),
                            line,
                            column,
                        })
                    }
                };
                (alias, result)
            })
            .collect())
    }

    /// A configuration checked against a table.
    pub(super) fn plan(&mut self, table: &str, config: &ViewConfig) -> Result<Plan> {
        let limits = self.context.expressions;
        Ok(Plan::new(config, &self.table(table)?.table, &limits)?)
    }

    /// `None`: the answer comes when the last view of the table is gone.
    pub(super) fn table_delete(
        &mut self,
        call: Call<'_>,
        is_immediate: bool,
        out: &mut Outbox,
    ) -> Result<Option<wire::TableDeleteResp>> {
        if !self.session(call.session)?.permissions.delete {
            return Err(Error::Denied("delete tables"));
        }
        let follower = self
            .tables
            .iter()
            .find_map(|(name, entry)| match &entry.origin {
                Origin::Join { sources, .. }
                    if sources.iter().any(|source| source == call.entity_id) =>
                {
                    Some(name)
                }
                _ => None,
            });
        if let Some(name) = follower {
            return Err(Error::request(format!(
                "Cannot delete table: it is a source for join table \"{name}\""
            )));
        }
        let Some(entry) = self.tables.get_mut(call.entity_id) else {
            // Deleting what is not there succeeds, as clients that race each other expect.
            self.notify_hosted(out);
            return Ok(Some(wire::TableDeleteResp {}));
        };
        if !entry.views.is_empty() {
            if is_immediate {
                return Err(Error::request("Cannot delete table with views"));
            }
            entry.leaving.push(call.subscriber());
            self.notify_hosted(out);
            return Ok(None);
        }
        self.drop_table(call.entity_id, out);
        out.answer(
            call.session,
            call.msg_id,
            call.entity_id,
            ClientResp::TableDeleteResp(wire::TableDeleteResp {}),
        );
        self.notify_hosted(out);
        Ok(None)
    }

    /// Takes a table without views out of the server and tells who asked to hear of it.
    fn drop_table(&mut self, name: &str, out: &mut Outbox) {
        let Some(entry) = self.tables.remove(name) else {
            return;
        };
        self.dirty.remove(name);
        Self::forget_subscribers(&mut self.sessions, &entry.on_delete);
        for subscriber in entry.on_delete {
            let body = ClientResp::TableOnDeleteResp(wire::TableOnDeleteResp {});
            out.notify(subscriber.session, subscriber.msg_id, name, Some(body));
        }
        let sources: Vec<String> = match entry.origin {
            Origin::Input => Vec::new(),
            Origin::Join { sources, .. } => sources.to_vec(),
            Origin::View { view, table, .. } => {
                if let Some(view) = self.views.get_mut(&view) {
                    view.derived.retain(|derived| derived != name);
                }
                vec![table]
            }
        };
        for source in sources {
            if let Some(source) = self.tables.get_mut(&source) {
                source.n_dependents -= 1;
                source.follow();
            }
        }
    }

    /// Completes a deletion that waited for the last view of a table.
    pub(super) fn finish_leaving(&mut self, name: &str, out: &mut Outbox) {
        let Some(entry) = self.tables.get_mut(name) else {
            return;
        };
        if !entry.views.is_empty() || entry.leaving.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut entry.leaving);
        self.drop_table(name, out);
        for subscriber in waiting {
            let body = ClientResp::TableDeleteResp(wire::TableDeleteResp {});
            out.notify(subscriber.session, subscriber.msg_id, name, Some(body));
        }
        self.notify_hosted(out);
    }
}

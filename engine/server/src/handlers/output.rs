//! Requests that read cells: a viewport of a view in some format.

use sightline_core::output::{self, Compression, GroupNames, JsonOptions};
use sightline_core::slice::{Slice, SliceOptions, Viewport};
use sightline_protocol as wire;

use crate::error::{Error, Result};
use crate::server::{Call, Server};

/// What a cell of an answer takes at least, on average and in any format.
const BYTES_PER_CELL: usize = 4;

/// The part of a view that a message asks for; no message is everything.
fn viewport(viewport: Option<&wire::ViewPort>) -> Viewport {
    let Some(viewport) = viewport else {
        return Viewport::default();
    };
    let end = |end: Option<u32>| end.map_or(usize::MAX, |end| end as usize);
    Viewport {
        rows: viewport.start_row.unwrap_or(0) as usize..end(viewport.end_row),
        columns: viewport.start_col.unwrap_or(0) as usize..end(viewport.end_col),
    }
}

/// Text that an output format wrote.
fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::request("the answer is not valid UTF-8"))
}

impl Server {
    /// Reads a viewport of a view and hands the slice to `write`.
    fn read<T>(
        &mut self,
        call: Call<'_>,
        part: Option<&wire::ViewPort>,
        options: SliceOptions,
        write: impl FnOnce(&Slice<'_>, GroupNames) -> Result<T>,
    ) -> Result<T> {
        let machine_names = part.and_then(|part| part.machine_column_names);
        let names = self.session(call.session)?.group_names(machine_names);
        let value = self.options.limits.answer_cells;
        let max_rows = self.options.limits.answer_rows;
        let (view, table) = self.fresh_view(call.entity_id)?;
        let core = &table.cores[&view.core].core;
        let part = viewport(part);
        let dimensions = view.view.dimensions(core, &table.table);
        let clamp =
            |range: &std::ops::Range<usize>, n: usize| range.end.min(n).saturating_sub(range.start);
        let rows = clamp(&part.rows, dimensions.view_rows);
        if rows > max_rows {
            return Err(Error::Limit {
                what: format!("an answer of {rows} rows"),
                limit: "answer_rows",
                value: max_rows,
            });
        }
        let cells = rows.saturating_mul(clamp(&part.columns, dimensions.view_columns).max(1));
        if cells > value {
            return Err(Error::Limit {
                what: format!("an answer of {cells} cells"),
                limit: "answer_cells",
                value,
            });
        }
        self.check_memory("the answer", cells.saturating_mul(BYTES_PER_CELL))?;
        let (view, table) = self.view(call.entity_id)?;
        let core = &table.cores[&view.core].core;
        let slice = view.view.slice(core, &table.table, &part, options)?;
        write(&slice, names)
    }

    pub(super) fn view_to_columns(
        &mut self,
        call: Call<'_>,
        req: &wire::ViewToColumnsStringReq,
    ) -> Result<wire::ViewToColumnsStringResp> {
        let options = json_options(req.id, req.index, req.formatted);
        let json = self.read(
            call,
            req.viewport.as_ref(),
            slice_options(&options),
            |slice, _| Ok(output::to_columns(slice, &options)),
        )?;
        Ok(wire::ViewToColumnsStringResp {
            json_string: text(json)?,
        })
    }

    pub(super) fn view_to_rows(
        &mut self,
        call: Call<'_>,
        req: &wire::ViewToRowsStringReq,
    ) -> Result<wire::ViewToRowsStringResp> {
        let options = json_options(req.id, req.index, req.formatted);
        let json = self.read(
            call,
            req.viewport.as_ref(),
            slice_options(&options),
            |slice, _| Ok(output::to_rows(slice, &options)),
        )?;
        Ok(wire::ViewToRowsStringResp {
            json_string: text(json)?,
        })
    }

    pub(super) fn view_to_ndjson(
        &mut self,
        call: Call<'_>,
        req: &wire::ViewToNdjsonStringReq,
    ) -> Result<wire::ViewToNdjsonStringResp> {
        let options = json_options(req.id, req.index, req.formatted);
        let json = self.read(
            call,
            req.viewport.as_ref(),
            slice_options(&options),
            |slice, _| Ok(output::to_ndjson(slice, &options)),
        )?;
        Ok(wire::ViewToNdjsonStringResp {
            ndjson_string: text(json)?,
        })
    }

    pub(super) fn view_to_csv(
        &mut self,
        call: Call<'_>,
        req: &wire::ViewToCsvReq,
    ) -> Result<wire::ViewToCsvResp> {
        let csv = self.read(
            call,
            req.viewport.as_ref(),
            SliceOptions::default(),
            |slice, names| Ok(output::to_csv(slice, names)),
        )?;
        Ok(wire::ViewToCsvResp { csv: text(csv)? })
    }

    pub(super) fn view_to_arrow(
        &mut self,
        call: Call<'_>,
        req: &wire::ViewToArrowReq,
    ) -> Result<wire::ViewToArrowResp> {
        let compression = match req.compression.as_deref() {
            None | Some("") => None,
            Some("lz4") => Some(Compression::Lz4),
            Some("zstd") => Some(Compression::Zstd),
            Some(other) => {
                let message =
                    format!("Unknown `compression` \"{other}\", expected \"lz4\" or \"zstd\"");
                return Err(Error::request(message));
            }
        };
        let arrow = self.read(
            call,
            req.viewport.as_ref(),
            SliceOptions::default(),
            |slice, names| Ok(output::to_arrow(slice, names, compression)?),
        )?;
        Ok(wire::ViewToArrowResp {
            arrow: arrow.into(),
        })
    }
}

fn json_options(id: Option<bool>, index: Option<bool>, formatted: Option<bool>) -> JsonOptions {
    JsonOptions {
        id: id.unwrap_or(false),
        index: index.unwrap_or(false),
        formatted: formatted.unwrap_or(false),
    }
}

fn slice_options(options: &JsonOptions) -> SliceOptions {
    SliceOptions {
        keys: options.index,
        ids: options.id,
        ..SliceOptions::default()
    }
}

//! One client's connection: its rights, its dialect, and what goes when it goes.

use std::collections::BTreeMap;

use sightline_core::output::GroupNames;

use crate::options::{Permissions, RowCondition, SessionOptions};

/// Which release's habits a session expects where the two differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Names group columns `g (Group by 1)`.
    V55,
    /// Names group columns `g`.
    #[default]
    V56,
}

/// The state of one session.
#[derive(Debug, Default)]
pub struct Session {
    /// What it may do.
    pub permissions: Permissions,
    /// The rows it may see, by table.
    pub row_filter: BTreeMap<String, Vec<RowCondition>>,
    dialect: Option<Dialect>,
    /// The ids of the views it made.
    pub views: Vec<String>,
    /// How many subscriptions it has asked for.
    pub n_subscriptions: usize,
}

impl Session {
    /// A new session.
    pub fn new(options: SessionOptions) -> Self {
        let mut session = Self {
            permissions: options.permissions,
            row_filter: options.row_filter,
            ..Self::default()
        };
        if let Some(dialect) = &options.dialect {
            session.declare_dialect(dialect);
        }
        session
    }

    /// Whether it may do everything and see every row.
    pub fn is_trusted(&self) -> bool {
        let Permissions {
            create,
            update,
            remove,
            delete,
        } = self.permissions;
        create && update && remove && delete && self.row_filter.is_empty()
    }

    /// Takes a dialect that the client named outright. Other names leave it open.
    pub fn declare_dialect(&mut self, name: &str) {
        self.dialect = match name {
            "5.5" => Some(Dialect::V55),
            "5.6" => Some(Dialect::V56),
            _ => self.dialect,
        };
    }

    /// Notes a request that only one dialect sends; the first such request decides.
    pub fn recognise(&mut self, dialect: Dialect) {
        self.dialect.get_or_insert(dialect);
    }

    /// The dialect as far as it is known; 5.6 until something tells.
    pub fn dialect(&self) -> Dialect {
        self.dialect.unwrap_or_default()
    }

    /// How group columns are named in Arrow and CSV. A viewport that mentions its fifth field, with either value,
    /// wants machine names: 5.5 sends `false` and 5.6 sends `true` to say so.
    pub fn group_names(&self, machine_names: Option<bool>) -> GroupNames {
        match (machine_names, self.dialect()) {
            (Some(_), _) => GroupNames::Machine,
            (None, Dialect::V55) => GroupNames::Legacy,
            (None, Dialect::V56) => GroupNames::Plain,
        }
    }
}

//! Several statements that change things, sent as one: one round trip instead of many.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

/// Inserts and updates that do not depend on each other's rows, foreign keys apart: those are looked at when all is done. No
/// statement sees what another changes, and nothing says in which order they run.
#[derive(Default)]
pub(super) struct Batch<'a>(Vec<Box<dyn QueryFragment<Pg> + 'a>>);

impl<'a> Batch<'a> {
    /// Adds a statement without RETURNING.
    pub(super) fn add(&mut self, statement: impl QueryFragment<Pg> + 'a) {
        self.0.push(Box::new(statement));
    }

    /// Sends them.
    pub(super) fn execute(self, connection: &mut PgConnection) -> QueryResult<()> {
        RunQueryDsl::execute(self, connection).map(drop)
    }
}

impl QueryFragment<Pg> for Batch<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Each part of a WITH is run, whether it is asked for or not, if it changes something.
        for (index, statement) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "WITH " } else { ", " });
            out.push_sql(&format!("part{index} AS ("));
            statement.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(" SELECT 1");
        Ok(())
    }
}

/// Kept prepared by its text: which statements are in it is known at run time.
impl QueryId for Batch<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<PgConnection> for Batch<'_> {}

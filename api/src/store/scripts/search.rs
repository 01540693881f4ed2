//! Which of a user's scripts a filter lets through.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::api::scripts::{Script, ScriptsQuery};
use pbsweb_shared::ids::{ApplicationId, HostId, UserId};
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::find_scripts;
use crate::store::page::{PageRequest, Place};
use crate::store::schema::{script_revisions, scripts};
use crate::store::walk::{Step, Walked, Wanted, few_revisions, walk_page};

/// An index to walk along: each has the scripts in the order of the list.
#[derive(Debug)]
enum Way {
    /// Those whose latest or labelled revisions are among the few with the text.
    Text(Vec<Uuid>),
    Application,
    Host,
    All,
}

impl Way {
    fn condition(&self) -> &'static str {
        match self {
            Self::Text(_) => "scripts.id = ANY ($9)",
            Self::Application => "scripts.application_id = $6",
            Self::Host => "scripts.host_id = $7",
            Self::All => "true",
        }
    }

    fn sql(&self, wanted: Option<&Wanted>) -> String {
        const REST: &str =
            "($6 IS NULL OR walked.application_id = $6) AND ($7 IS NULL OR walked.host_id = $7)";
        let condition = self.condition();
        let (text, texts) = match (self, wanted) {
            (Self::Text(_), _) | (_, None) => ("", ""),
            (_, Some(_)) => (
                " AND (strpos(searched.text, lower($8)) > 0 OR EXISTS (\
                     SELECT FROM script_revisions AS labelled JOIN revision_search AS other ON other.revision_id = labelled.id \
                     WHERE labelled.script_id = walked.id AND labelled.label IS NOT NULL AND strpos(other.text, lower($8)) > 0))",
                "JOIN script_revisions AS latest ON latest.script_id = walked.id AND latest.number = walked.n_revisions \
                 JOIN revision_search AS searched ON searched.revision_id = latest.id",
            ),
        };
        format!(
            "SELECT walked.id, walked.used_at AS at, ({REST}{text}) IS TRUE AS is_match, walked.nth = $3 AS is_last \
             FROM (SELECT id, used_at, application_id, host_id, n_revisions, row_number() OVER (ORDER BY used_at DESC, id DESC) AS nth FROM scripts \
                   WHERE {condition} AND owner_id = $1 AND ($4 IS NULL OR (used_at, id) < ($4, $5)) \
                   ORDER BY used_at DESC, id DESC LIMIT $3) AS walked {texts} \
             WHERE ({REST}{text}) OR walked.nth = $3 ORDER BY walked.used_at DESC, walked.id DESC LIMIT $2"
        )
    }
}

/// A page of a user's scripts, the one used last first, each with its latest revision. It may have fewer than it was asked for,
/// even none, with more to come on the next: see [`crate::store::walk`].
///
/// # Errors
/// The database's.
pub fn list_scripts(
    connection: &mut PgConnection,
    owner: UserId,
    filter: &ScriptsQuery,
    request: PageRequest<Place>,
    list: &str,
) -> QueryResult<Page<Script>> {
    let wanted = Wanted::read(filter.text.as_deref());
    let mut ways = Vec::new();
    if filter.application.is_some() {
        ways.push(Way::Application);
    }
    if filter.host.is_some() {
        ways.push(Way::Host);
    }
    if ways.is_empty() {
        ways.push(Way::All);
    }
    let few = |connection: &mut PgConnection, wanted: &Wanted| {
        let Some(revisions) = few_revisions(connection, owner.as_uuid(), wanted)? else { return Ok(None) };
        let ids = script_revisions::table
            .inner_join(scripts::table.on(scripts::id.eq(script_revisions::script_id)))
            .filter(script_revisions::id.eq_any(revisions))
            .filter(
                script_revisions::number.eq(scripts::n_revisions).or(script_revisions::label.is_not_null()),
            )
            .select(scripts::id)
            .load(connection)?;
        Ok(Some(Way::Text(ids)))
    };
    let walk = |connection: &mut PgConnection, way: &Way, n_steps: i64| {
        let sql = way.sql(wanted.as_ref());
        let ids = if let Way::Text(ids) = way { ids.as_slice() } else { &[] };
        let steps: Vec<Step> = diesel::sql_query(sql)
            .bind::<SqlUuid, _>(owner.as_uuid())
            .bind::<BigInt, _>(request.rows_to_select())
            .bind::<BigInt, _>(n_steps)
            .bind::<Nullable<Timestamptz>, _>(request.after.map(Place::at))
            .bind::<Nullable<SqlUuid>, _>(request.after.map(|place| place.id))
            .bind::<Nullable<SqlUuid>, _>(filter.application.map(ApplicationId::as_uuid))
            .bind::<Nullable<SqlUuid>, _>(filter.host.map(HostId::as_uuid))
            .bind::<Nullable<Text>, _>(wanted.as_ref().map(|wanted| &wanted.text))
            .bind::<Array<SqlUuid>, _>(ids)
            .load(connection)?;
        Ok(Walked::read(steps, request.limit))
    };
    let walked = walk_page(connection, ways, wanted.as_ref(), few, walk)?;
    let mut items = find_scripts(connection, owner, &walked.found)?;
    items.sort_unstable_by_key(|script| std::cmp::Reverse((script.used_at, script.id.as_uuid())));
    Ok(PageRequest::page_until(items, list, walked.more))
}

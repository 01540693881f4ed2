//! Which scripts a filter lets through: of a user's own, or of those that are shared.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::api::scripts::{Script, ScriptsQuery};
use pbsweb_shared::ids::{ApplicationId, HostId, UserId};
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::find_scripts;
use crate::store::page::{PageRequest, Place};
use crate::store::schema::{script_revisions, scripts};
use crate::store::sharing::{Kind, Listed, list_shared};
use crate::store::walk::{Step, Walked, Wanted, few_revisions, walk_page};

/// An index to walk along: each has the scripts in the order of the list.
#[derive(Debug)]
enum Way {
    /// Those whose latest or labelled revisions are among the few with the text.
    Text(Vec<Uuid>),
    /// Those that are shared with the user.
    Shared(Vec<Uuid>),
    Application,
    Host,
    All,
}

impl Way {
    fn condition(&self) -> &'static str {
        match self {
            Self::Text(_) => "scripts.id = ANY ($9) AND owner_id = $1",
            Self::Shared(_) => "true",
            Self::Application => "scripts.application_id = $6 AND owner_id = $1",
            Self::Host => "scripts.host_id = $7 AND owner_id = $1",
            Self::All => "owner_id = $1",
        }
    }

    /// The rows that are walked. Shared ones are looked up one by one: they may be many, but are never most of all.
    fn rows(&self) -> &'static str {
        match self {
            Self::Shared(_) => {
                "(SELECT one.* FROM unnest($9) AS wanted (id) \
                 CROSS JOIN LATERAL (SELECT * FROM scripts WHERE scripts.id = wanted.id LIMIT 1) AS one) AS scripts"
            }
            Self::Text(_) | Self::Application | Self::Host | Self::All => "scripts",
        }
    }

    fn sql(&self, wanted: Option<&Wanted>) -> String {
        const REST: &str =
            "($6 IS NULL OR walked.application_id = $6) AND ($7 IS NULL OR walked.host_id = $7)";
        let (rows, condition) = (self.rows(), self.condition());
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
             FROM (SELECT id, used_at, application_id, host_id, n_revisions, row_number() OVER (ORDER BY used_at DESC, id DESC) AS nth FROM {rows} \
                   WHERE {condition} AND ($4 IS NULL OR (used_at, id) < ($4, $5)) \
                   ORDER BY used_at DESC, id DESC LIMIT $3) AS walked {texts} \
             WHERE ({REST}{text}) OR walked.nth = $3 ORDER BY walked.used_at DESC, walked.id DESC LIMIT $2"
        )
    }
}

/// A page of scripts, the one used last first, each with its latest revision: the user's own, or those that are shared. It may have fewer than it was asked for,
/// even none, with more to come on the next: see [`crate::store::walk`].
///
/// # Errors
/// The database's.
pub fn list_scripts(
    connection: &mut PgConnection,
    user: UserId,
    filter: &ScriptsQuery,
    request: PageRequest<Place>,
    list: &str,
) -> QueryResult<Page<Script>> {
    let wanted = Wanted::read(filter.text.as_deref());
    let shared = match Listed::read(filter.shared, filter.group) {
        Some(listed) => Some(list_shared(connection, Kind::Script, user, listed)?),
        None => None,
    };
    let is_shared = shared.is_some();
    let mut ways: Vec<Way> = shared.map(Way::Shared).into_iter().collect();
    if !is_shared && filter.application.is_some() {
        ways.push(Way::Application);
    }
    if !is_shared && filter.host.is_some() {
        ways.push(Way::Host);
    }
    if ways.is_empty() {
        ways.push(Way::All);
    }
    let few = |connection: &mut PgConnection, wanted: &Wanted| {
        // The index of words is by owner, and what is shared is few anyway.
        if is_shared {
            return Ok(None);
        }
        let Some(revisions) = few_revisions(connection, user.as_uuid(), wanted)? else { return Ok(None) };
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
        let ids = match way {
            Way::Text(ids) | Way::Shared(ids) => ids.as_slice(),
            Way::Application | Way::Host | Way::All => &[],
        };
        let steps: Vec<Step> = diesel::sql_query(sql)
            .bind::<SqlUuid, _>(user.as_uuid())
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
    let mut items = find_scripts(connection, user, &walked.found)?;
    items.sort_unstable_by_key(|script| std::cmp::Reverse((script.used_at, script.id.as_uuid())));
    Ok(PageRequest::page_until(items, list, walked.more))
}

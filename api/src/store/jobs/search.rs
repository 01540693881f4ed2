//! Which of a user's jobs a filter lets through.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::api::jobs::{Job, JobsQuery};
use pbsweb_shared::ids::{ApplicationId, HostId, JobId, RevisionId, ScriptId, UserId};
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::find_jobs;
use crate::store::page::{PageRequest, Place};
use crate::store::walk::{FEW, Step, Walked, Wanted, few_revisions, walk_page};

/// The states that a filter names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFilter(Vec<JobState>);

const ACTIVE: &str = "active";

impl std::str::FromStr for StateFilter {
    type Err = pbsweb_shared::words::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut states = Vec::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                ACTIVE => states.extend(JobState::ALL.iter().filter(|state| !state.has_ended())),
                word => states.push(word.parse()?),
            }
        }
        Ok(Self(states))
    }
}

impl StateFilter {
    fn words(&self) -> Vec<&'static str> {
        self.0.iter().map(|state| state.as_str()).collect()
    }

    fn is_active(&self) -> bool {
        self.0.iter().all(|state| !state.has_ended())
    }
}

/// An index to walk along: each has the jobs in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    /// Those of the few revisions with the text, and those few jobs that are named so.
    Text {
        revisions: Vec<Uuid>,
        jobs: Vec<Uuid>,
    },
    Revision,
    Script,
    ExitStatus,
    Application,
    State,
    Active,
    Queue,
    Host,
    All,
}

impl Way {
    /// The ways that a filter leaves, the one that promises most first.
    fn of(filter: &JobsQuery, states: Option<&StateFilter>) -> Vec<Self> {
        let mut ways = Vec::new();
        let mut add = |is_there: bool, way: Self| {
            if is_there {
                ways.push(way);
            }
        };
        add(filter.revision.is_some(), Self::Revision);
        add(filter.script.is_some(), Self::Script);
        add(filter.exit_status.is_some(), Self::ExitStatus);
        add(filter.application.is_some(), Self::Application);
        add(states.is_some_and(|states| states.0.len() == 1), Self::State);
        add(states.is_some_and(|states| states.0.len() > 1 && states.is_active()), Self::Active);
        add(filter.queue.is_some(), Self::Queue);
        add(filter.host.is_some(), Self::Host);
        if ways.is_empty() {
            ways.push(Self::All);
        }
        ways
    }

    /// What holds for the rows of the index. The rows of `keys` are walked side by side.
    fn condition(&self) -> &'static str {
        match self {
            Self::Text { .. } => "jobs.revision_id = keys.key",
            Self::Revision => "jobs.revision_id = $17",
            Self::Script => "jobs.script_id = $13",
            Self::ExitStatus => "jobs.exit_status = $12",
            Self::Application => "jobs.application_id = $9",
            Self::State => "jobs.state = ($11)[1]",
            // As the index has it.
            Self::Active => "jobs.state NOT IN ('rejected', 'completed', 'failed', 'deleted', 'expired')",
            Self::Queue => "jobs.queue = $10",
            Self::Host => "jobs.host_id = $8",
            Self::All => "true",
        }
    }

    /// The query along this way. Parameters that are absent fall out of it when it is planned.
    fn sql(&self, wanted: Option<&Wanted>) -> String {
        const RANGE: &str = "jobs.owner_id = $1 \
             AND ($4 IS NULL OR jobs.submitted_at >= $4) AND ($5 IS NULL OR jobs.submitted_at < $5) \
             AND ($6 IS NULL OR (jobs.submitted_at, jobs.id) < ($6, $7))";
        const REST: &str = "($8 IS NULL OR walked.host_id = $8) AND ($9 IS NULL OR walked.application_id = $9) \
             AND ($10 IS NULL OR walked.queue = $10) AND (cardinality($11) = 0 OR walked.state = ANY ($11)) \
             AND ($12 IS NULL OR walked.exit_status = $12) AND ($13 IS NULL OR walked.script_id = $13) \
             AND ($17 IS NULL OR walked.revision_id = $17)";
        const COLUMNS: &str = "jobs.id, submitted_at, host_id, application_id, script_id, revision_id, jobs.name, pbs_id, queue, \
             state, exit_status";
        let condition = self.condition();
        let (text, texts) = match (self, wanted) {
            (Self::Text { .. }, _) | (_, None) => ("", ""),
            (_, Some(_)) => (
                " AND (strpos(searched.text, lower($15)) > 0 OR strpos(lower(walked.name), lower($15)) > 0 \
                   OR walked.pbs_id = $15 OR starts_with(walked.pbs_id, $15 || '.'))",
                "JOIN revision_search AS searched ON searched.revision_id = walked.revision_id",
            ),
        };
        let named = if let Self::Text { .. } = self {
            format!(
                "UNION ALL SELECT walked.id, walked.submitted_at AS at, true AS is_match, false AS is_last \
                 FROM jobs AS walked JOIN jobs ON jobs.id = walked.id \
                 WHERE walked.id = ANY ($16) AND walked.revision_id <> ALL ($14) AND {RANGE} AND {REST}"
            )
        } else {
            String::new()
        };
        format!(
            "SELECT id, at, is_match, is_last FROM (\
                 SELECT step.* FROM unnest($14) AS keys (key) CROSS JOIN LATERAL (\
                     SELECT walked.id, walked.submitted_at AS at, ({REST}{text}) IS TRUE AS is_match, \
                            walked.nth = $3 AS is_last \
                     FROM (SELECT {COLUMNS}, row_number() OVER (ORDER BY jobs.submitted_at DESC, jobs.id DESC) AS nth \
                           FROM jobs WHERE {condition} AND {RANGE} \
                           ORDER BY jobs.submitted_at DESC, jobs.id DESC LIMIT $3) AS walked {texts} \
                     WHERE ({REST}{text}) OR walked.nth = $3 \
                     ORDER BY walked.submitted_at DESC, walked.id DESC LIMIT $2) AS step {named}) AS steps \
             ORDER BY at DESC, id DESC, is_last LIMIT $2"
        )
    }
}

/// The jobs that a text names by themselves: by a name that is no longer the script's, or by the scheduler's id.
fn named_jobs(connection: &mut PgConnection, owner: UserId, wanted: &Wanted) -> QueryResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    // A scheduler's id goes on with a dot after its number; the dot's next character ends the range.
    diesel::sql_query(
        "(SELECT job_id AS id FROM job_renames WHERE owner_id = $1 AND name LIKE lower($2) LIMIT $4) \
         UNION (SELECT id FROM jobs WHERE owner_id = $1 AND pbs_id = $3 LIMIT $4) \
         UNION (SELECT id FROM jobs WHERE owner_id = $1 AND pbs_id ~>=~ ($3 || '.') AND pbs_id ~<~ ($3 || '/') LIMIT $4)",
    )
    .bind::<SqlUuid, _>(owner.as_uuid())
    .bind::<Text, _>(&wanted.pattern)
    .bind::<Text, _>(&wanted.text)
    .bind::<BigInt, _>(FEW)
    .load::<Row>(connection)
    .map(|rows| rows.into_iter().map(|row| row.id).collect())
}

/// A page of a user's jobs, newest first. It may have fewer jobs than it was asked for, even none, with more to come on the next:
/// see [`crate::store::walk`].
///
/// # Errors
/// The database's.
pub fn list_jobs(
    connection: &mut PgConnection,
    owner: UserId,
    filter: &JobsQuery,
    states: Option<&StateFilter>,
    request: PageRequest<Place>,
    list: &str,
) -> QueryResult<Page<Job>> {
    let wanted = Wanted::read(filter.text.as_deref());
    let words = states.map(StateFilter::words).unwrap_or_default();
    let few = |connection: &mut PgConnection, wanted: &Wanted| {
        let revisions = few_revisions(connection, owner.as_uuid(), wanted)?;
        revisions
            .map(|revisions| Ok(Way::Text { revisions, jobs: named_jobs(connection, owner, wanted)? }))
            .transpose()
    };
    let walk = |connection: &mut PgConnection, way: &Way, n_steps: i64| {
        let sql = way.sql(wanted.as_ref());
        let (keys, named) = if let Way::Text { revisions, jobs } = way {
            (revisions.as_slice(), jobs.as_slice())
        } else {
            (&[Uuid::nil()][..], &[][..])
        };
        let steps: Vec<Step> = diesel::sql_query(sql)
            .bind::<SqlUuid, _>(owner.as_uuid())
            .bind::<BigInt, _>(request.rows_to_select())
            .bind::<BigInt, _>(n_steps)
            .bind::<Nullable<Timestamptz>, _>(filter.since)
            .bind::<Nullable<Timestamptz>, _>(filter.until)
            .bind::<Nullable<Timestamptz>, _>(request.after.map(Place::at))
            .bind::<Nullable<SqlUuid>, _>(request.after.map(|place| place.id))
            .bind::<Nullable<SqlUuid>, _>(filter.host.map(HostId::as_uuid))
            .bind::<Nullable<SqlUuid>, _>(filter.application.map(ApplicationId::as_uuid))
            .bind::<Nullable<Text>, _>(&filter.queue)
            .bind::<Array<Text>, _>(&words)
            .bind::<Nullable<Integer>, _>(filter.exit_status)
            .bind::<Nullable<SqlUuid>, _>(filter.script.map(ScriptId::as_uuid))
            .bind::<Array<SqlUuid>, _>(keys)
            .bind::<Nullable<Text>, _>(wanted.as_ref().map(|wanted| &wanted.text))
            .bind::<Array<SqlUuid>, _>(named)
            .bind::<Nullable<SqlUuid>, _>(filter.revision.map(RevisionId::as_uuid))
            .load(connection)?;
        Ok(Walked::read(steps, request.limit))
    };
    let walked = walk_page(connection, Way::of(filter, states), wanted.as_ref(), few, walk)?;
    let ids: Vec<JobId> = walked.found.into_iter().map(JobId::from_uuid).collect();
    let mut items = find_jobs(connection, owner, &ids)?;
    items.sort_unstable_by_key(|job| std::cmp::Reverse((job.submitted_at, job.id.as_uuid())));
    Ok(PageRequest::page_until(items, list, walked.more))
}

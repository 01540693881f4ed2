//! Long lists are walked: from an index that has the rows in the order of the list, not more of them at a time than a page may
//! cost. What else a filter asks is looked at on the way. A walk that comes to its end before the page is full says how far it
//! came, and the next page goes on there: no filter, however rarely it is met, makes one answer slow.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::page::Place;

/// Rows looked at by one walk.
const STEPS: i64 = 2000;

/// Rows looked at by one walk that reads the text of each.
const TEXT_STEPS: i64 = 800;

/// Rows looked at before a text is looked up: what is in every other script fills a page from so few, and costs most to look up.
const FIRST_STEPS: i64 = 300;

/// Revisions of a text that are still few: looking up what is made of each costs less than a walk. One more is asked for.
pub(super) const FEW: i64 = 400;

/// Pages of the table in which a text is looked for before it is looked up.
const SAMPLED_PAGES: i64 = 40;

/// A text that is found there this often is not there by chance.
const SURELY: i64 = 8;

/// A row on the way.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Step {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    /// The filter lets it through.
    #[diesel(sql_type = Bool)]
    is_match: bool,
    /// The walk ended here, and there may be more rows.
    #[diesel(sql_type = Bool)]
    is_last: bool,
}

/// What a walk came to.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The rows of the page, in its order.
    pub(super) found: Vec<Uuid>,
    /// Where the next page begins; absent: there is no more.
    pub(super) more: Option<Place>,
    is_full: bool,
}

impl Walked {
    /// Reads the steps of a walk, in the order of the list, for a page of so many rows.
    pub(super) fn read(steps: Vec<Step>, limit: u32) -> Self {
        let mut walked = Self::default();
        let mut last = None;
        for step in steps {
            let place = Place::new(step.at, step.id);
            if step.is_match {
                if walked.found.len() == limit as usize {
                    return Self { more: last, is_full: true, ..walked };
                }
                walked.found.push(step.id);
                last = Some(place);
            }
            if step.is_last {
                walked.more = Some(place);
                break;
            }
        }
        walked
    }

    /// The page is as full as it can be.
    fn is_whole(&self) -> bool {
        self.is_full || self.more.is_none()
    }

    /// Whether this walk came further than another, which was not whole.
    fn is_further_than(&self, other: &Self) -> bool {
        self.is_whole() || self.more.zip(other.more).is_some_and(|(own, other)| own < other)
    }
}

/// Walks along one index after the other until a page is whole; else the page of the walk that came furthest.
fn walk_along<D>(ways: Vec<D>, mut walk: impl FnMut(&D) -> QueryResult<Walked>) -> QueryResult<Walked> {
    let mut furthest: Option<Walked> = None;
    for way in ways {
        let walked = walk(&way)?;
        if furthest.as_ref().is_none_or(|furthest| walked.is_further_than(furthest)) {
            furthest = Some(walked);
        }
        if furthest.as_ref().is_some_and(Walked::is_whole) {
            break;
        }
    }
    Ok(furthest.unwrap_or_default())
}

/// The page of a filter that leaves these ways, the one that promises most first. A text that is not found at once is looked up:
/// `few` is the way through what has it, unless that is too much. `walk` walks so many rows of a way.
pub(super) fn walk_page<D>(
    connection: &mut PgConnection,
    ways: Vec<D>,
    wanted: Option<&Wanted>,
    few: impl FnOnce(&mut PgConnection, &Wanted) -> QueryResult<Option<D>>,
    walk: impl Fn(&mut PgConnection, &D, i64) -> QueryResult<Walked>,
) -> QueryResult<Walked> {
    if let (Some(wanted), Some(way)) = (wanted.filter(|wanted| wanted.is_indexed), ways.first()) {
        let walked = walk(connection, way, FIRST_STEPS)?;
        if walked.is_whole() {
            return Ok(walked);
        }
        if let Some(way) = few(connection, wanted)? {
            return walk(connection, &way, STEPS);
        }
    }
    let n_steps = if wanted.is_some() { TEXT_STEPS } else { STEPS };
    walk_along(ways, |way| walk(connection, way, n_steps))
}

/// Text as it is searched for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// For LIKE.
    pub(super) pattern: String,
    /// As it is.
    pub(super) text: String,
    /// Whether the index of trigrams can find it. Which other letters are in it depends on the database's locale.
    pub(super) is_indexed: bool,
}

impl Wanted {
    /// What a filter asks for, unless that is nothing.
    pub(super) fn read(text: Option<&str>) -> Option<Self> {
        let text = text.filter(|text| !text.is_empty())?;
        // PostgreSQL knows no NUL, and nothing stored has one: what stands for it is not found either.
        let text = text.replace('\0', "\u{fffd}");
        // The characters that mean something in LIKE mean themselves.
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let is_indexed =
            text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word.len() >= 3);
        Some(Self { pattern: format!("%{escaped}%"), text, is_indexed })
    }
}

/// The revisions of a user with a text in them, unless they are many.
pub(super) fn few_revisions(
    connection: &mut PgConnection,
    owner: Uuid,
    wanted: &Wanted,
) -> QueryResult<Option<Vec<Uuid>>> {
    use super::schema::revision_search;
    use diesel::dsl::sql;
    if is_in_many(connection, owner, wanted)? {
        return Ok(None);
    }
    let found = revision_search::table
        .filter(revision_search::owner_id.eq(owner))
        .filter(revision_search::text.like(sql::<Text>("lower(").bind::<Text, _>(&wanted.pattern).sql(")")))
        .limit(FEW + 1)
        .select(revision_search::revision_id);
    // With a limit, a scan seems cheap, and is not if what is looked for stands at the table's end.
    let ids = connection.transaction(|connection| {
        connection.batch_execute("SET LOCAL enable_seqscan = off")?;
        let ids: Vec<Uuid> = found.load(connection)?;
        connection.batch_execute("SET LOCAL enable_seqscan TO DEFAULT")?;
        QueryResult::Ok(ids)
    })?;
    let is_few = i64::try_from(ids.len()).is_ok_and(|n| n <= FEW);
    Ok(is_few.then_some(ids))
}

/// Whether a sample says that many revisions of a user have a text. The index has nothing quicker to say: it finds all of them before
/// it tells of one.
fn is_in_many(connection: &mut PgConnection, owner: Uuid, wanted: &Wanted) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Sample {
        #[diesel(sql_type = BigInt)]
        n_found: i64,
        #[diesel(sql_type = BigInt)]
        n_pages: i64,
    }
    // Of as many pages of every table, and always of the same ones.
    const N_PAGES: &str = "(pg_relation_size('revision_search') / current_setting('block_size')::bigint)";
    let sample: Sample = diesel::sql_query(format!(
        "SELECT count(*) AS n_found, {N_PAGES} AS n_pages FROM revision_search \
         TABLESAMPLE SYSTEM (LEAST(100, 100.0 * $3 / GREATEST(1, {N_PAGES}))) REPEATABLE (0) \
         WHERE owner_id = $1 AND text LIKE lower($2)"
    ))
    .bind::<SqlUuid, _>(owner)
    .bind::<Text, _>(&wanted.pattern)
    .bind::<BigInt, _>(SAMPLED_PAGES)
    .get_result(connection)?;
    // With room for what the sample may be wrong by: few that are taken for many cost more than many that are looked up.
    let n_likely = sample.n_found * (sample.n_pages / SAMPLED_PAGES).max(1);
    Ok(sample.n_found >= SURELY && n_likely > 4 * FEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(second: i64, is_match: bool, is_last: bool) -> Step {
        let at = DateTime::from_timestamp(second, 0).unwrap();
        let id = Uuid::from_u128(second.try_into().unwrap());
        Step { id, at, is_match, is_last }
    }

    fn place(second: i64) -> Option<Place> {
        let step = step(second, true, false);
        Some(Place::new(step.at, step.id))
    }

    #[test]
    fn a_page_ends_when_it_is_full_or_where_the_walk_does() {
        for (steps, n_found, more) in [
            (vec![], 0, None),
            (vec![step(9, true, false), step(8, true, false)], 2, None),
            (vec![step(9, true, false), step(8, true, false), step(7, true, false)], 2, place(8)),
            (vec![step(9, true, false), step(5, false, true)], 1, place(5)),
            (vec![step(9, true, true)], 1, place(9)),
            // Of two walks at once, the one that ended earlier says how far both are known.
            (vec![step(9, true, false), step(8, false, true), step(7, true, false)], 1, place(8)),
        ] {
            let walked = Walked::read(steps, 2);
            assert_eq!((walked.found.len(), walked.more), (n_found, more));
        }
    }

    #[test]
    fn the_walk_that_comes_furthest_counts_and_a_whole_one_ends_it() {
        let walks = |walks: Vec<Vec<Step>>| {
            let mut n_walks = 0;
            let walked = walk_along(walks, |steps| {
                n_walks += 1;
                Ok(Walked::read(steps.clone(), 2))
            });
            (walked.unwrap().more, n_walks)
        };
        assert_eq!(walks(vec![vec![step(9, false, true)], vec![step(3, false, true)]]), (place(3), 2));
        assert_eq!(walks(vec![vec![step(3, false, true)], vec![step(9, false, true)]]), (place(3), 2));
        assert_eq!(walks(vec![vec![step(9, false, true)], vec![step(4, true, false)], vec![]]), (None, 2));
    }

    #[test]
    fn three_plain_letters_in_a_row_can_be_looked_up() {
        for (text, is_indexed) in [
            ("mpirun", true),
            ("np 6", false),
            ("-l a", false),
            ("é12", false),
            ("/x.nml", true),
            ("größe", false),
        ] {
            assert_eq!(Wanted::read(Some(text)).unwrap().is_indexed, is_indexed, "{text}");
        }
        assert!(Wanted::read(Some("")).is_none());
        assert_eq!(Wanted::read(Some("50%_\\\0")).unwrap().pattern, "%50\\%\\_\\\\\u{fffd}%");
    }
}

//! Paging by key: a token names the last row seen, and the next page begins after it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel::dsl::{And, Eq, Lt, Or};
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use pbsweb_shared::page::Page;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A token that is not one, or belongs to another list or other filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the page token does not belong to this list with these filters")]
pub struct BadPageToken;

/// Older than a time, or as old and with a smaller id.
type After<At, Id> = Or<Lt<At, DateTime<Utc>>, And<Eq<At, DateTime<Utc>>, Lt<Id, Uuid>>>;

/// The place of a row in a list ordered by time, newest first, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The row's time, in microseconds since 1970: what the database keeps.
    micros: i64,
    /// The row's id.
    pub id: Uuid,
}

impl Place {
    /// The place of a row.
    #[must_use]
    pub fn new(at: DateTime<Utc>, id: Uuid) -> Self {
        Self { micros: at.timestamp_micros(), id }
    }

    /// The row's time.
    #[must_use]
    pub fn at(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Whether it comes before a row with this time and id, newest first.
    pub fn precedes<At, Id>(self, at: At, id: Id) -> After<At, Id>
    where
        At: Expression<SqlType = Timestamptz> + Copy,
        Id: Expression<SqlType = SqlUuid>,
    {
        at.lt(self.at()).or(at.eq(self.at()).and(id.lt(self.id)))
    }
}

#[derive(Serialize, Deserialize)]
struct Token<P> {
    v: u8,
    list: String,
    after: P,
}

/// How many rows a page has, and after which place it begins.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<P> {
    /// Rows on the page.
    pub limit: u32,
    /// Begin after this place; from the start when absent.
    pub after: Option<P>,
}

impl<P: Serialize + for<'de> Deserialize<'de>> PageRequest<P> {
    const DEFAULT: u32 = 50;
    const MOST: u32 = 200;

    /// Reads what a client asked for. `list` names the list and its filters: a token for another is refused.
    ///
    /// # Errors
    /// When the token is not one of this list.
    pub fn read(limit: Option<u32>, token: Option<&str>, list: &str) -> Result<Self, BadPageToken> {
        let limit = limit.unwrap_or(Self::DEFAULT).clamp(1, Self::MOST);
        let Some(token) = token else { return Ok(Self { limit, after: None }) };
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| BadPageToken)?;
        let token: Token<P> = serde_json::from_slice(&bytes).map_err(|_| BadPageToken)?;
        if token.v != 1 || token.list != list {
            return Err(BadPageToken);
        }
        Ok(Self { limit, after: Some(token.after) })
    }

    /// How many rows to select: one more than the page has tells whether there is another page.
    #[must_use]
    pub fn rows_to_select(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Makes the page of the rows that were selected.
    #[must_use]
    pub fn page<T>(&self, mut items: Vec<T>, list: &str, place: impl Fn(&T) -> P) -> Page<T> {
        let limit = self.limit as usize;
        if items.len() <= limit {
            return Page::whole(items);
        }
        items.truncate(limit);
        let after = items.last().map(place);
        Self::page_until(items, list, after)
    }

    /// Makes a page that ends at a place, if there may be more after it.
    #[must_use]
    pub fn page_until<T>(items: Vec<T>, list: &str, after: Option<P>) -> Page<T> {
        let next_page_token = after
            .map(|after| Token { v: 1, list: list.to_owned(), after })
            .and_then(|token| serde_json::to_vec(&token).ok())
            .map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        Page { items, next_page_token }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_to_the_next_and_to_no_other_list() {
        let first = PageRequest::<i64>::read(Some(2), None, "jobs?state=queued").unwrap();
        let page = first.page(vec![9, 8, 7], "jobs?state=queued", |row| *row);
        assert_eq!(page.items, [9, 8]);
        let token = page.next_page_token.unwrap();
        let next = PageRequest::<i64>::read(Some(2), Some(&token), "jobs?state=queued").unwrap();
        assert_eq!(next.after, Some(8));
        assert!(PageRequest::<i64>::read(Some(2), Some(&token), "jobs?").is_err());
        assert!(PageRequest::<i64>::read(Some(2), Some("!"), "jobs?").is_err());
        assert!(next.page(vec![7], "jobs?state=queued", |row| *row).next_page_token.is_none());
    }
}

//! Each user's account on a host.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use pbsweb_shared::api::hosts::CheckReport;
use pbsweb_shared::ids::{HostId, UserId};
use pbsweb_shared::names::LoginName;
use uuid::Uuid;

use super::hosts::{HostRecord, HostRow};
use super::schema::{host_accounts, hosts, users};
use super::{read, read_json, to_json};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = host_accounts, treat_none_as_null = true)]
struct AccountRow {
    user_id: Uuid,
    host_id: Uuid,
    login: String,
    home: Option<String>,
    is_usable: bool,
    report: Option<serde_json::Value>,
    checked_at: Option<DateTime<Utc>>,
    found_bin_folder: String,
    searched_at: Option<DateTime<Utc>>,
}

/// A user's account on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// Whose.
    pub user: UserId,
    /// Where.
    pub host: HostId,
    /// The Unix login name.
    pub login: LoginName,
    /// The home directory, once a check found it.
    pub home: Option<String>,
    /// The last check went well.
    pub is_usable: bool,
    /// The last check.
    pub report: Option<CheckReport>,
    /// Where the last good check found the scheduler's commands; empty: on the PATH. Never used for another account, whose
    /// owner did not choose what is in there.
    pub found_bin_folder: String,
    /// When its folders were last searched for jobs that are not known here.
    pub searched_at: Option<DateTime<Utc>>,
}

impl TryFrom<AccountRow> for AccountRecord {
    type Error = diesel::result::Error;

    fn try_from(row: AccountRow) -> QueryResult<Self> {
        Ok(Self {
            user: UserId::from_uuid(row.user_id),
            host: HostId::from_uuid(row.host_id),
            login: read(&row.login)?,
            home: row.home,
            is_usable: row.is_usable,
            report: row.report.map(read_json).transpose()?,
            found_bin_folder: row.found_bin_folder,
            searched_at: row.searched_at,
        })
    }
}

/// A user's accounts on all hosts.
///
/// # Errors
/// The database's.
pub fn list_accounts(connection: &mut PgConnection, user: UserId) -> QueryResult<Vec<AccountRecord>> {
    host_accounts::table
        .filter(host_accounts::user_id.eq(user.as_uuid()))
        .select(AccountRow::as_select())
        .load(connection)?
        .into_iter()
        .map(AccountRecord::try_from)
        .collect()
}

/// A user's account on a host, if there is one.
///
/// # Errors
/// The database's.
pub fn find_account(
    connection: &mut PgConnection,
    user: UserId,
    host: HostId,
) -> QueryResult<Option<AccountRecord>> {
    host_accounts::table
        .find((user.as_uuid(), host.as_uuid()))
        .select(AccountRow::as_select())
        .first(connection)
        .optional()?
        .map(AccountRecord::try_from)
        .transpose()
}

/// The usable accounts on a host. Everybody sees the listing that one of them gives, and an account's own start-up files
/// could forge it: the one that the host's row names comes first, then administrators' accounts, then the one checked last.
///
/// # Errors
/// The database's.
pub fn usable_accounts(connection: &mut PgConnection, host: HostId) -> QueryResult<Vec<AccountRecord>> {
    host_accounts::table
        .inner_join(users::table.on(users::id.eq(host_accounts::user_id)))
        .inner_join(hosts::table.on(hosts::id.eq(host_accounts::host_id)))
        .filter(host_accounts::host_id.eq(host.as_uuid()))
        .filter(host_accounts::is_usable)
        .filter(users::is_enabled)
        .order((
            hosts::listed_by.is_not_distinct_from(users::user_name.nullable()).desc(),
            users::is_admin.desc(),
            host_accounts::checked_at.desc(),
        ))
        .limit(5)
        .select(AccountRow::as_select())
        .load(connection)?
        .into_iter()
        .map(AccountRecord::try_from)
        .collect()
}

/// One host, if it exists, with a user's account on it, if there is one.
///
/// # Errors
/// The database's.
pub fn find_host_with_account(
    connection: &mut PgConnection,
    user: UserId,
    id: HostId,
) -> QueryResult<Option<(HostRecord, Option<AccountRecord>)>> {
    let is_theirs = host_accounts::host_id.eq(hosts::id).and(host_accounts::user_id.eq(user.as_uuid()));
    let row = hosts::table
        .left_join(host_accounts::table.on(is_theirs))
        .filter(hosts::id.eq(id.as_uuid()))
        .select((HostRow::as_select(), Option::<AccountRow>::as_select()))
        .first::<(HostRow, Option<AccountRow>)>(connection)
        .optional()?;
    row.map(|(host, account)| Ok((host.try_into()?, account.map(AccountRecord::try_from).transpose()?)))
        .transpose()
}

/// Sets a user's login name on a host. Another name has to be checked anew.
///
/// # Errors
/// The database's.
pub fn put_account(
    connection: &mut PgConnection,
    user: UserId,
    host: HostId,
    login: &LoginName,
) -> QueryResult<AccountRecord> {
    let known = find_account(connection, user, host)?;
    if let Some(known) = known.filter(|known| known.login == *login) {
        return Ok(known);
    }
    let row = AccountRow {
        user_id: user.as_uuid(),
        host_id: host.as_uuid(),
        login: login.to_string(),
        home: None,
        is_usable: false,
        report: None,
        checked_at: None,
        found_bin_folder: String::new(),
        searched_at: None,
    };
    diesel::insert_into(host_accounts::table)
        .values(&row)
        .on_conflict((host_accounts::user_id, host_accounts::host_id))
        .do_update()
        .set(&row)
        .execute(connection)?;
    row.try_into()
}

/// Keeps what a check found, if the login name is still the one that was checked.
///
/// # Errors
/// The database's.
pub fn set_check(
    connection: &mut PgConnection,
    account: &AccountRecord,
    home: Option<&str>,
    found_bin_folder: Option<&str>,
    report: &CheckReport,
) -> QueryResult<usize> {
    let place = || host_accounts::table.find((account.user.as_uuid(), account.host.as_uuid()));
    let target = place().filter(host_accounts::login.eq(account.login.as_str()));
    let changed = diesel::update(target)
        .set((
            host_accounts::is_usable.eq(report.is_ok),
            host_accounts::report.eq(Some(to_json(report)?)),
            host_accounts::checked_at.eq(Some(report.checked_at)),
        ))
        .execute(connection)?;
    if changed == 0 {
        return Ok(changed);
    }
    if let Some(home) = home {
        diesel::update(place()).set(host_accounts::home.eq(Some(home))).execute(connection)?;
    }
    if let Some(folder) = found_bin_folder {
        diesel::update(place()).set(host_accounts::found_bin_folder.eq(folder)).execute(connection)?;
    }
    Ok(changed)
}

/// The next account, in an order that is always the same, whose folders were not searched since a moment.
///
/// # Errors
/// The database's.
pub fn account_to_search(
    connection: &mut PgConnection,
    since: DateTime<Utc>,
    after: Option<(UserId, HostId)>,
) -> QueryResult<Option<(UserId, HostId)>> {
    let mut query = host_accounts::table
        .filter(host_accounts::is_usable)
        .filter(
            host_accounts::searched_at.is_null().or(host_accounts::searched_at.assume_not_null().lt(since)),
        )
        .order((host_accounts::user_id.asc(), host_accounts::host_id.asc()))
        .select((host_accounts::user_id, host_accounts::host_id))
        .into_boxed();
    if let Some((user, host)) = after {
        let (user, host) = (user.as_uuid(), host.as_uuid());
        query = query.filter(
            host_accounts::user_id
                .gt(user)
                .or(host_accounts::user_id.eq(user).and(host_accounts::host_id.gt(host))),
        );
    }
    let found = query.first::<(Uuid, Uuid)>(connection).optional()?;
    Ok(found.map(|(user, host)| (UserId::from_uuid(user), HostId::from_uuid(host))))
}

/// An account's folders were searched, by the database's clock.
///
/// # Errors
/// The database's.
pub fn set_searched(connection: &mut PgConnection, user: UserId, host: HostId) -> QueryResult<usize> {
    diesel::update(host_accounts::table.find((user.as_uuid(), host.as_uuid())))
        .set(host_accounts::searched_at.eq(diesel::dsl::now))
        .execute(connection)
}

/// A host's accounts have to be checked anew: its address or key changed.
///
/// # Errors
/// The database's.
pub fn distrust_accounts(connection: &mut PgConnection, host: HostId) -> QueryResult<usize> {
    diesel::update(host_accounts::table.filter(host_accounts::host_id.eq(host.as_uuid())))
        .set(host_accounts::is_usable.eq(false))
        .execute(connection)
}

/// Removes a user's account on a host.
///
/// # Errors
/// The database's.
pub fn delete_account(connection: &mut PgConnection, user: UserId, host: HostId) -> QueryResult<usize> {
    diesel::delete(host_accounts::table.find((user.as_uuid(), host.as_uuid()))).execute(connection)
}

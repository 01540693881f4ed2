//! Users, for administrators and for commands on the server.

use chrono::Utc;
use pbsweb_shared::api::accounts::AccountCreated;
use pbsweb_shared::api::users::{User, UserCreate, UserUpdate};
use pbsweb_shared::ids::UserId;
use pbsweb_shared::page::Page;
use zeroize::Zeroizing;

use super::accounts::{AccountError, Enroller, Findings, Registry, check_account, enrol};
use super::actor::Actor;
use super::sessions::passwords::Passwords;
use crate::app::App;
use crate::config::Config;
use crate::secret::MasterKey;
use crate::store::activity::insert_activity;
use crate::store::page::PageRequest;
use crate::store::sessions::end_sessions_of;
use crate::store::users::{
    UserChange, find_user, hold_enabled_admins, list_users as users_by_name, update_user as change_user,
};
use crate::store::{Store, StoreError};

/// Why a user could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The caller is no administrator.
    #[error("this is for administrators")]
    NotAdmin,
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// Nobody could administer the site any more.
    #[error("the user is the last enabled administrator")]
    LastAdmin,
    /// As for every account.
    #[error("the account could not be made or changed")]
    Account(#[source] AccountError),
}

impl From<AccountError> for UserError {
    fn from(error: AccountError) -> Self {
        Self::Account(error)
    }
}

impl From<StoreError> for UserError {
    fn from(error: StoreError) -> Self {
        Self::Account(error.into())
    }
}

impl From<diesel::result::Error> for UserError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Account(error.into())
    }
}

fn require_admin(actor: &Actor) -> Result<(), UserError> {
    if actor.is_admin { Ok(()) } else { Err(UserError::NotAdmin) }
}

/// All users by name.
///
/// # Errors
/// The database's.
pub async fn list_users(
    app: &App,
    actor: &Actor,
    request: PageRequest<String>,
    list: &'static str,
) -> Result<Page<User>, UserError> {
    require_admin(actor)?;
    Ok(app.store.query(move |connection| users_by_name(connection, &request, list)).await?)
}

/// An administrator adds a user.
///
/// # Errors
/// When a field breaks a rule or the name is taken.
pub async fn create_user(app: &App, actor: &Actor, request: UserCreate) -> Result<User, UserError> {
    require_admin(actor)?;
    let account = checked(request, &app.config)?;
    let made = enrol(&Registry::of(app), Enroller::Admin(actor.clone()), account).await?;
    let user = made.user.id;
    app.store.query(move |connection| find_user(connection, user)).await?.ok_or(UserError::NotFound)
}

/// A command on the server adds a user: the first administrator, say.
///
/// # Errors
/// When a field breaks a rule or the name is taken.
pub async fn create_user_by_command(
    config: &Config,
    store: &Store,
    master_key: &MasterKey,
    request: UserCreate,
) -> Result<AccountCreated, AccountError> {
    let account = checked(request, config)?;
    let passwords = Passwords::new();
    let registry = Registry { store, master_key, passwords: &passwords, site: &config.site };
    enrol(&registry, Enroller::Command, account).await
}

fn checked(request: UserCreate, config: &Config) -> Result<super::accounts::NewAccount, AccountError> {
    let UserCreate { user_name, display_name, email, password, is_admin } = request;
    let min_length = config.sessions.min_password_length;
    check_account(&user_name, &display_name, &email, Zeroizing::new(password), is_admin, min_length)
        .map_err(AccountError::Invalid)
}

/// An administrator changes a user. Disabling, or a new password, ends all sessions of the user.
///
/// # Errors
/// When a field breaks a rule, or no enabled administrator would be left.
pub async fn update_user(
    app: &App,
    actor: &Actor,
    user: UserId,
    request: UserUpdate,
) -> Result<User, UserError> {
    require_admin(actor)?;
    let UserUpdate { display_name, email, is_admin, is_enabled, password } = request;
    let password = password.map(Zeroizing::new);
    let found =
        app.store.query(move |connection| find_user(connection, user)).await?.ok_or(UserError::NotFound)?;
    let user_name = found.user_name.as_str();
    let mut findings = Findings::default();
    let display_name = display_name.map(|text| findings.display_name(&text, user_name));
    let email = email.map(|text| findings.email(&text));
    if let Some(password) = &password {
        findings.password("/password", password, user_name, app.config.sessions.min_password_length);
    }
    findings.allow(()).map_err(AccountError::Invalid)?;
    let password_hash = match password {
        None => None,
        Some(password) => Some(app.sign_ins.passwords.hash(password).await.map_err(AccountError::from)?),
    };
    let change = UserChange { display_name, email, is_admin, is_enabled, password_hash };
    let actor = actor.clone();
    app.store
        .run(move |connection| {
            let now = Utc::now();
            if change.is_admin == Some(false) || change.is_enabled == Some(false) {
                let admins = hold_enabled_admins(connection)?;
                if admins.as_slice() == [user] {
                    return Err(UserError::LastAdmin);
                }
            }
            if !change_user(connection, user, &change)? {
                return Err(UserError::NotFound);
            }
            if change.is_enabled == Some(false) || change.password_hash.is_some() {
                end_sessions_of(connection, user, None, now)?;
            }
            if !change.is_empty() {
                let detail = format!("{}: {}", found.user_name, described(&change));
                insert_activity(connection, &actor.deed("user.update", user, detail), now)?;
            }
            find_user(connection, user)?.ok_or(UserError::NotFound)
        })
        .await
}

/// What changed, for the record.
fn described(change: &UserChange) -> String {
    let UserChange { display_name, email, is_admin, is_enabled, password_hash } = change;
    let mut parts = Vec::new();
    parts.extend(display_name.as_ref().map(|name| format!("name {name}")));
    parts.extend(email.as_ref().map(|email| format!("e-mail {email}")));
    parts.extend(
        is_admin.map(|is_admin| {
            if is_admin { "made administrator" } else { "no longer administrator" }.to_owned()
        }),
    );
    parts.extend(is_enabled.map(|is_enabled| if is_enabled { "enabled" } else { "disabled" }.to_owned()));
    parts.extend(password_hash.as_ref().map(|_| "new password".to_owned()));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_says_what_changed_and_no_secret() {
        let change = UserChange {
            is_enabled: Some(false),
            is_admin: Some(false),
            password_hash: Some("$argon2id$secret".to_owned()),
            ..UserChange::default()
        };
        assert_eq!(described(&change), "no longer administrator, disabled, new password");
        assert!(UserChange::default().is_empty() && !change.is_empty());
    }
}

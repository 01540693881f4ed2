//! Accounts: making them with their key pair, and what users change about their own.

use chrono::Utc;
use diesel::PgConnection;
use pbsweb_shared::api::accounts::{AccountCreate, AccountCreated, AccountPolicy, ServerInfo};
use pbsweb_shared::api::sessions::SessionKind;
use pbsweb_shared::ids::{SessionId, UserId};
use pbsweb_shared::problem::FieldError;
use uuid::Uuid;
use zeroize::Zeroizing;

mod fields;
mod keys;
mod own;

pub use keys::{Identities, get_ssh_key, identity_of, open_identity, rotate_ssh_key};
pub use own::{get_me, get_preferences, put_preferences, update_me};

pub(crate) use fields::{Findings, NewAccount, check_account};

use self::keys::SealedPair;
use super::actor::Actor;
use super::sessions::passwords::{PasswordError, Passwords};
use crate::app::App;
use crate::config::{Config, SiteConfig};
use crate::secret::{MasterKey, SecretError};
use crate::store::activity::{Deed, insert_activity};
use crate::store::sessions::{NewSession, insert_session};
use crate::store::ssh_keys::find_public_key;
use crate::store::users::{NewUser, find_me, insert_user};
use crate::store::{Store, StoreError};
use crate::transport::IdentityError;

/// Why an account could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Only administrators create accounts here.
    #[error("accounts are created by administrators only")]
    Closed,
    /// Fields break rules.
    #[error("the request has wrong fields: {}", sentences(.0))]
    Invalid(Vec<FieldError>),
    /// Somebody has the name.
    #[error("the user name {user_name} is taken")]
    NameTaken {
        /// The name.
        user_name: String,
    },
    /// The user is gone.
    #[error("there is no such user")]
    NotFound,
    /// Too many wrong passwords.
    #[error("too many wrong passwords; wait {seconds} s")]
    Throttled {
        /// How long to wait.
        seconds: u64,
    },
    /// A password could not be hashed or compared.
    #[error("the password could not be checked")]
    Password(#[source] PasswordError),
    /// The user has no key pair; every user gets one.
    #[error("the user has no key pair")]
    NoKey,
    /// The key pair could not be written or read.
    #[error("the key pair could not be written or read")]
    Key(#[source] IdentityError),
    /// The stored private key could not be opened.
    #[error("the private key could not be opened")]
    Open(#[source] SecretError),
    /// What was opened is not a private key.
    #[error("the private key is not text")]
    NotText(#[source] std::str::Utf8Error),
    /// The database.
    #[error("the account could not be read or written")]
    Store(#[source] StoreError),
}

fn sentences(errors: &[FieldError]) -> String {
    errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join(" ")
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<diesel::result::Error> for AccountError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<PasswordError> for AccountError {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

/// What is known before anybody signed in.
#[must_use]
pub fn get_server_info(config: &Config) -> ServerInfo {
    ServerInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        site_name: config.site.name.clone(),
        account_policy: config.site.account_policy,
        min_password_length: config.sessions.min_password_length,
        max_upload_bytes: config.upload.max_archive_bytes,
    }
}

/// Somebody creates an account for themselves.
///
/// # Errors
/// When the site does not allow it, a field breaks a rule, or the name is taken.
pub async fn create_account(app: &App, request: AccountCreate) -> Result<AccountCreated, AccountError> {
    match app.config.site.account_policy {
        AccountPolicy::Open => {}
        AccountPolicy::Closed => return Err(AccountError::Closed),
    }
    let AccountCreate { user_name, display_name, email, password } = request;
    let min_length = app.config.sessions.min_password_length;
    let account =
        check_account(&user_name, &display_name, &email, Zeroizing::new(password), false, min_length)
            .map_err(AccountError::Invalid)?;
    enrol(&Registry::of(app), Enroller::Oneself, account).await
}

/// What is needed to make an account: a command has no running app.
pub(super) struct Registry<'a> {
    pub(super) store: &'a Store,
    pub(super) master_key: &'a MasterKey,
    pub(super) passwords: &'a Passwords,
    pub(super) site: &'a SiteConfig,
}

impl<'a> Registry<'a> {
    pub(super) fn of(app: &'a App) -> Self {
        Self {
            store: &app.store,
            master_key: &app.master_key,
            passwords: &app.sign_ins.passwords,
            site: &app.config.site,
        }
    }
}

/// Who makes an account.
pub(super) enum Enroller {
    /// Whoever will use it.
    Oneself,
    /// An administrator.
    Admin(Actor),
    /// A command on the server.
    Command,
}

/// Makes a user with a key pair, and the record of it, in one transaction.
pub(super) async fn enrol(
    registry: &Registry<'_>,
    enroller: Enroller,
    account: NewAccount,
) -> Result<AccountCreated, AccountError> {
    let NewAccount { user_name, display_name, email, password, is_admin } = account;
    let password_hash = registry.passwords.hash(password).await?;
    let user = UserId::from_uuid(Uuid::now_v7());
    let pair = SealedPair::generate(registry.master_key, registry.site, user, &user_name)?;
    let ssh_from = registry.site.ssh_from.clone();
    let taken_name = user_name.to_string();
    registry
        .store
        .run(move |connection| {
            let now = Utc::now();
            let new = NewUser {
                id: user,
                user_name: &user_name,
                display_name: &display_name,
                email: &email,
                password_hash: &password_hash,
                is_admin,
            };
            insert_user(connection, &new, now)?;
            pair.insert(connection, user, now)?;
            let role = if is_admin { ", an administrator" } else { "" };
            let detail = format!("{user_name}{role}");
            let deed = match enroller {
                Enroller::Oneself => {
                    Deed { user: Some(user), session: None, action: "account.create", subject: None, detail }
                }
                Enroller::Admin(actor) => actor.deed("user.create", user, detail),
                Enroller::Command => Deed {
                    user: Some(user),
                    session: Some(insert_command_session(connection, user, now)?),
                    action: "user.create",
                    subject: None,
                    detail: format!("{detail}, by a command on the server"),
                },
            };
            insert_activity(connection, &Deed { subject: Some(user.to_string()), ..deed }, now)?;
            let me = find_me(connection, user)?.ok_or(AccountError::NotFound)?;
            let key = find_public_key(connection, user)?.ok_or(AccountError::NoKey)?;
            Ok(AccountCreated { user: me, ssh_key: keys::show(key, ssh_from.as_deref()) })
        })
        .await
        .map_err(|error| {
            let is_name =
                matches!(&error, AccountError::Store(store) if store.constraint() == Some("users_user_name_key"));
            if is_name { AccountError::NameTaken { user_name: taken_name } } else { error }
        })
}

/// A session that names a command in the record; it is over at once and no token exists for it.
fn insert_command_session(
    connection: &mut PgConnection,
    user: UserId,
    now: chrono::DateTime<Utc>,
) -> diesel::QueryResult<SessionId> {
    let id = SessionId::from_uuid(Uuid::now_v7());
    insert_session(
        connection,
        &NewSession {
            id,
            user,
            kind: SessionKind::Command,
            name: None,
            created_at: now,
            expires_at: now,
            has_ended: true,
            user_agent: "pbsweb user add",
            address: "",
        },
    )?;
    Ok(id)
}

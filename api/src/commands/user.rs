//! `pbsweb user add`.

use std::io::Read as _;

use anyhow::{Context as _, ensure};
use pbsweb_shared::api::users::UserCreate;
use rand::TryRngCore as _;
use rand::rngs::OsRng;

use super::UserAdd;
use super::prepared::Prepared;
use pbsweb::config::Config;

/// Letters and digits that nobody mistakes for one another when typed from paper.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

pub(super) async fn add(config: Config, user: UserAdd) -> anyhow::Result<()> {
    // Read before the database is opened: whoever types it may take their time.
    let given = if user.password_stdin { Some(read_password()?) } else { None };
    let is_made = given.is_none();
    let password = match given {
        Some(password) => password,
        None => make_password()?,
    };
    let request = UserCreate {
        user_name: user.name,
        display_name: user.display_name,
        email: user.email,
        password,
        is_admin: user.admin,
    };
    let prepared = Prepared::open(config).await?;
    let name = request.user_name.clone();
    let password = is_made.then(|| request.password.clone());
    let outcome = create(&prepared, request).await;
    prepared.close().await?;
    outcome.with_context(|| format!("cannot add user {name}"))?;
    println!("added user {name}");
    if let Some(password) = password {
        println!("password: {password}");
    }
    Ok(())
}

async fn create(prepared: &Prepared, request: UserCreate) -> anyhow::Result<()> {
    let Prepared { config, store, master_key, .. } = prepared;
    pbsweb::services::users::create_user_by_command(config, store, master_key, request).await?;
    Ok(())
}

fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .context("cannot read the password from standard input")?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    ensure!(!password.contains(['\n', '\r', '\0']), "standard input holds more than one line");
    ensure!(!password.is_empty(), "standard input holds no password");
    Ok(password.to_owned())
}

/// Five groups of four, 100 bits.
fn make_password() -> anyhow::Result<String> {
    let mut bytes = [0; 20];
    OsRng.try_fill_bytes(&mut bytes).context("the operating system gives no random bytes")?;
    let letters: Vec<char> = bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|byte| char::from(*byte))
        .collect();
    Ok(letters.chunks(4).map(|group| group.iter().collect()).collect::<Vec<String>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_password_is_long_and_new() {
        let password = make_password().unwrap();
        assert_eq!(password.len(), 24);
        assert!(password.chars().all(|c| c == '-' || ALPHABET.contains(&u8::try_from(c).unwrap())));
        assert_ne!(password, make_password().unwrap());
    }
}

//! Who can sign in: an administrator and a scientist, made at the first start, with passwords of their own.
//!
//! Passwords are made and not fixed: on a machine with several users the others can reach the port too, and whoever signs in
//! runs builds as the one who started the demonstration.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use pbsweb_e2e::live::ServerProcess;
use uuid::Uuid;

use crate::folder::DemoFolder;
use crate::say::Step;

/// Somebody with a password.
pub(crate) struct Person {
    /// The login name.
    pub(crate) name: String,
    /// The password.
    pub(crate) password: String,
}

/// Everybody.
pub(crate) struct People {
    /// Who uses the clusters.
    pub(crate) scientist: Person,
    /// Who looks after users and hosts.
    pub(crate) administrator: Person,
}

impl People {
    /// Reads who was made before, or makes them by `pbsweb user add`.
    pub(crate) async fn ensure(folder: &DemoFolder, server: &ServerProcess) -> anyhow::Result<Self> {
        let file = folder.path.join("people");
        let scientist = ensure(&file, server, "ada", "Ada Lovelace", false).await?;
        let administrator = ensure(&file, server, "admin", "Administrator", true).await?;
        Ok(Self { scientist, administrator })
    }

    /// For whoever wants to explore.
    pub(crate) fn in_a_table(&self) -> String {
        let Self { scientist, administrator } = self;
        format!(
            "  user           {:<6} {}\n  administrator  {:<6} {}",
            scientist.name, scientist.password, administrator.name, administrator.password
        )
    }
}

async fn ensure(
    file: &Path,
    server: &ServerProcess,
    name: &str,
    display_name: &str,
    is_admin: bool,
) -> anyhow::Result<Person> {
    let known = std::fs::read_to_string(file).unwrap_or_default();
    let found = known.lines().filter_map(|line| line.split_once(' ')).find(|(known, _)| *known == name);
    if let Some((_, password)) = found {
        return Ok(Person { name: name.to_owned(), password: password.to_owned() });
    }
    let step = Step::begin();
    let password = make_password();
    if let Err(error) = server.add_user(name, display_name, &password, is_admin).await {
        bail!("{error:#} (if an earlier start was cut short: `make demo ARGS=--fresh`)");
    }
    let what = || format!("cannot write {}", file.display());
    let mut people =
        std::fs::File::options().create(true).append(true).mode(0o600).open(file).with_context(what)?;
    writeln!(people, "{name} {password}").with_context(what)?;
    step.end(&format!(
        "added {} {name} by `pbsweb user add`",
        if is_admin { "the administrator" } else { "the user" }
    ));
    Ok(Person { name: name.to_owned(), password })
}

/// Four groups of four hexadecimal digits, from the random bits of two UUIDs.
fn make_password() -> String {
    let (first, second) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    // The first eight digits of a version 4 UUID are random; the thirteenth is always 4.
    let parts = [first.get(..4), first.get(4..8), second.get(..4), second.get(4..8)];
    parts.iter().flatten().copied().collect::<Vec<_>>().join("-")
}

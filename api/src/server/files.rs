//! The data folder and the master key in it.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};

use anyhow::Context as _;

use crate::config::Config;
use crate::secret::MasterKey;

/// Makes the data folder. Others may not list it; as root they may pass through, because the private database below
/// it runs as another user. What is secret in it is closed by itself.
///
/// # Errors
///
/// When it cannot be made.
pub fn prepare_data_folder(config: &Config) -> anyhow::Result<()> {
    let folder = &config.data_folder;
    let mode =
        || format!("cannot use the data folder {} (data_folder, PBSWEB_DATA_FOLDER)", folder.display());
    if !folder.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(mode)?;
    }
    let metadata = fs::metadata(folder).with_context(mode)?;
    let is_root = fs::metadata("/proc/self").is_ok_and(|ours| ours.uid() == 0);
    if is_root && config.database.url.is_none() && metadata.mode() & 0o001 == 0 {
        let passable = fs::Permissions::from_mode(metadata.mode() & 0o777 | 0o011);
        fs::set_permissions(folder, passable).with_context(mode)?;
    }
    Ok(())
}

/// The master key of the settings: a file that was named must exist, the one in the data folder is made.
///
/// # Errors
///
/// When it cannot be read or made, or others can read it.
pub fn master_key(config: &Config) -> anyhow::Result<MasterKey> {
    match &config.master_key_file {
        Some(path) => MasterKey::load(path).context("master_key_file (PBSWEB_MASTER_KEY_FILE)"),
        None => Ok(MasterKey::load_or_create(&config.data_folder.join("master.key"))?),
    }
}

//! `qsub` as plainly as SSH can run it, over a kept connection of the library that the server uses: a channel, one command,
//! the script on its standard input. Nothing is checked, kept or repeated: the least a submission over SSH can cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use pbsweb::transport::Identity;
use russh::client::{self, Handle, Msg};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg, ChannelOpenFailure};

use crate::stand::Stand;

/// A kept connection to the account behind OpenSSH.
pub(crate) struct Bare {
    handle: Handle<Pinned>,
}

/// The host key that is expected.
struct Pinned(String);

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = offered else { return Ok(false) };
        let line = key.to_openssh().unwrap_or_default();
        Ok(line.split(' ').take(2).eq(self.0.split(' ').take(2)))
    }
}

impl Bare {
    /// Connects to this port, behind which is the stand's sshd.
    pub(crate) async fn connect(stand: &Stand, port: u16) -> anyhow::Result<Self> {
        let config = client::Config { nodelay: true, ..client::Config::default() };
        let pinned = Pinned(stand.sshd.host_key().to_owned());
        let mut handle = client::connect(Arc::new(config), ("127.0.0.1", port), pinned).await?;
        let key = private_key(&stand.identity)?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), Some(HashAlg::Sha256));
        let outcome = handle.authenticate_publickey(stand.sshd.login(), key).await?;
        ensure!(outcome.success(), "the account behind OpenSSH does not take the key");
        Ok(Self { handle })
    }

    /// A channel. An sshd counts one that is gone for some moments more.
    async fn open(&self) -> Result<Channel<Msg>, russh::Error> {
        loop {
            match self.handle.channel_open_session().await {
                Err(error) if is_full(&error) => tokio::time::sleep(Duration::from_millis(1)).await,
                opened => return opened,
            }
        }
    }

    /// Runs a command with this input; how long it took until its answer was there. Returns when the channel is gone.
    pub(crate) async fn run(&self, command: &str, input: &str) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let mut answered = None;
        let mut channel = self.open().await?;
        channel.exec(true, command).await?;
        channel.data_bytes(input.as_bytes().to_vec()).await?;
        channel.eof().await?;
        let (mut printed, mut complaint, mut status) = (Vec::new(), Vec::new(), None);
        while let Some(message) = channel.wait().await {
            if let ChannelMsg::Data { data } = message {
                printed.extend_from_slice(&data);
            } else if let ChannelMsg::ExtendedData { data, .. } = message {
                complaint.extend_from_slice(&data);
            } else if let ChannelMsg::ExitStatus { exit_status } = message {
                status = Some(exit_status);
            }
            // The answer is complete; what follows is the end of the channel.
            if answered.is_none() && status == Some(0) && printed.ends_with(b"\n") {
                answered = Some(begun.elapsed());
            }
        }
        ensure!(
            status == Some(0),
            "{command} ended with {status:?}: {}",
            String::from_utf8_lossy(&complaint)
        );
        answered.context("the command printed nothing")
    }
}

/// What an sshd answers that has as many sessions on a connection as it allows.
fn is_full(error: &russh::Error) -> bool {
    matches!(error, russh::Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed))
}

fn private_key(identity: &Identity) -> anyhow::Result<PrivateKey> {
    PrivateKey::from_openssh(identity.to_openssh_pem()?.as_bytes()).context("the key cannot be read back")
}

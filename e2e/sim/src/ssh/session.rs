//! One SSH connection: who signs in, and which channels are opened.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use russh::keys::PublicKey;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure};

use super::exec::Command;
use super::sftp::Sftp;
use super::{Link, SshSettings};
use crate::account::Account;
use crate::scheduler::Scheduler;

/// `MaxSessions` of sshd.
const MAX_SESSIONS: usize = 10;

/// The state of one connection.
pub(super) struct Session {
    scheduler: Arc<Scheduler>,
    link: Arc<Link>,
    settings: SshSettings,
    account: Option<Account>,
    /// Channels that are open and have not been given work yet.
    idle: HashMap<ChannelId, Channel<Msg>>,
    open: Arc<AtomicUsize>,
}

impl Session {
    pub(super) fn new(scheduler: Arc<Scheduler>, link: Arc<Link>, settings: SshSettings) -> Self {
        Self { scheduler, link, settings, account: None, idle: HashMap::new(), open: Arc::default() }
    }

    fn admits(&self, user: &str, key: &PublicKey) -> Option<Account> {
        self.scheduler.account(user).filter(|account| account.admits(key))
    }

    fn start(
        &mut self,
        id: ChannelId,
        command: Option<Vec<u8>>,
        session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        let (Some(account), Some(channel)) = (self.account.clone(), self.idle.remove(&id)) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let command = Command {
            scheduler: Arc::clone(&self.scheduler),
            account,
            link: Arc::clone(&self.link),
            commands_on_path: self.settings.commands_on_path,
            command,
            handle: session.handle(),
        };
        let open = Arc::clone(&self.open);
        tokio::spawn(async move {
            let handle = command.handle.clone();
            command.run(channel).await;
            // Free before the client hears of it, so that it may open the next one at once.
            open.fetch_sub(1, Ordering::Relaxed);
            let _gone = handle.close(id).await;
        });
        Ok(())
    }
}

impl Handler for Session {
    type Error = russh::Error;

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        Ok(self.admits(user, offer.public_key).map_or_else(Auth::reject, |_| Auth::Accept))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.account = self.admits(user, key.public_key);
        Ok(if self.account.is_some() { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        if self.open.load(Ordering::Relaxed) >= MAX_SESSIONS {
            reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
            return Ok(());
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        self.idle.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(
        &mut self,
        channel: ChannelId,
        _session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        if self.idle.remove(&channel).is_some() {
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        self.start(channel, Some(command.to_vec()), session)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        self.start(channel, None, session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut russh::server::Session,
    ) -> Result<(), Self::Error> {
        let found = if name == "sftp" { self.account.clone().zip(self.idle.remove(&id)) } else { None };
        let Some((account, channel)) = found else { return session.channel_failure(id) };
        session.channel_success(id)?;
        let sftp = Sftp::new(account.home, SessionSlot(Arc::clone(&self.open)));
        russh_sftp::server::run(channel.into_stream(), sftp).await;
        Ok(())
    }
}

/// The place of a channel among the [`MAX_SESSIONS`], free again when this is dropped.
pub(super) struct SessionSlot(Arc<AtomicUsize>);

impl Drop for SessionSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

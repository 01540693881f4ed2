//! Makes one connection: name, address, handshake, login, through a jump host where there is one.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, AuthResult, Handle};
use russh::{ChannelOpenFailure, Preferred};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::endpoint::{Endpoint, HostKey, JumpHost};
use super::error::{TransportError, UnreachableCause};
use super::handler::{HandshakeError, Trust, Verifier, algorithms};
use super::identity::Identity;
use super::settings::TransportSettings;

/// An authenticated connection, with the one it leads through.
pub(super) struct Dialled {
    pub(super) handle: Handle<Verifier>,
    pub(super) jump: Option<Handle<Verifier>>,
}

/// Reaches the host and logs in.
pub(super) async fn dial(
    to: &Endpoint,
    identity: &Identity,
    settings: &TransportSettings,
) -> Result<Dialled, TransportError> {
    let place = Place { address: &to.address, port: to.port };
    within(settings.connect_timeout, place, async {
        let trust = || Trust::Pinned(to.host_keys.clone());
        let (handle, jump) =
            connect(place, to.jump.as_deref(), Some(identity), trust(), &to.host_keys, settings).await?;
        let handle = log_in(handle, place, to.login.as_str(), identity).await?;
        Ok(Dialled { handle, jump })
    })
    .await
}

/// Asks a host for its key and hangs up. An identity is needed only for the jump host.
pub(super) async fn scan(
    address: &str,
    port: u16,
    jump: Option<(&JumpHost, &Identity)>,
    settings: &TransportSettings,
) -> Result<HostKey, TransportError> {
    let place = Place { address, port };
    within(settings.connect_timeout, place, async {
        let (jump, identity) = jump.unzip();
        match connect(place, jump, identity, Trust::Scan, &[], settings).await {
            // A scan trusts no key, so the handshake ends with the one that was offered.
            Err(TransportError::HostKeyUnknown { address, offered }) if address == place.address => {
                Ok(offered)
            }
            Err(error) => Err(error),
            Ok(_) => Err(place.unreachable(UnreachableCause::ClosedEarly)),
        }
    })
    .await
}

#[derive(Clone, Copy)]
struct Place<'a> {
    address: &'a str,
    port: u16,
}

impl Place<'_> {
    fn unreachable(self, cause: UnreachableCause) -> TransportError {
        TransportError::Unreachable { address: self.address.to_owned(), cause, retry_after: None }
    }

    fn handshake_failed(self, error: russh::Error) -> TransportError {
        let cause = if let russh::Error::IO(error) = error {
            network_cause(error)
        } else {
            UnreachableCause::Handshake(Arc::new(error))
        };
        self.unreachable(cause)
    }
}

async fn within<T>(
    limit: Duration,
    place: Place<'_>,
    work: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(place.unreachable(UnreachableCause::TimedOut)))
}

type Connected = (Handle<Verifier>, Option<Handle<Verifier>>);

async fn connect(
    place: Place<'_>,
    jump: Option<&JumpHost>,
    identity: Option<&Identity>,
    trust: Trust,
    pinned: &[HostKey],
    settings: &TransportSettings,
) -> Result<Connected, TransportError> {
    let (Some(jump), Some(identity)) = (jump, identity) else {
        let socket = reach(place, settings).await?;
        return Ok((shake_hands(place, socket, trust, pinned, settings).await?, None));
    };
    let jump_place = Place { address: &jump.address, port: jump.port };
    let jump_trust = Trust::Pinned(jump.host_keys.clone());
    let socket = reach(jump_place, settings).await?;
    let handle = shake_hands(jump_place, socket, jump_trust, &jump.host_keys, settings).await?;
    let handle = log_in(handle, jump_place, jump.login.as_str(), identity).await?;
    let tunnel = handle
        .channel_open_direct_tcpip(place.address, u32::from(place.port), "127.0.0.1", 0)
        .await
        .map_err(|error| place.unreachable(UnreachableCause::JumpRefused(Arc::new(error))))?;
    let through = shake_hands(place, tunnel.into_stream(), trust, pinned, settings).await?;
    Ok((through, Some(handle)))
}

/// Opens a TCP connection to the first address of the name that answers.
async fn reach(place: Place<'_>, settings: &TransportSettings) -> Result<TcpStream, TransportError> {
    let unresolved = |error| place.unreachable(UnreachableCause::NameNotResolved(Arc::new(error)));
    let addresses: Vec<_> =
        tokio::net::lookup_host((place.address, place.port)).await.map_err(unresolved)?.collect();
    // An address without an answer must not use up the time of the others.
    let share = settings.connect_timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut last = UnreachableCause::NameNotResolved(Arc::new(io::ErrorKind::NotFound.into()));
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                // Exchanges are small and wait for each other; an error here costs speed, not correctness.
                let _ = socket.set_nodelay(true);
                return Ok(socket);
            }
            Ok(Err(error)) => last = network_cause(error),
            Err(_) => last = UnreachableCause::TimedOut,
        }
    }
    Err(place.unreachable(last))
}

fn network_cause(error: io::Error) -> UnreachableCause {
    let kind = error.kind();
    if kind == io::ErrorKind::ConnectionRefused {
        UnreachableCause::Refused(Arc::new(error))
    } else if kind == io::ErrorKind::HostUnreachable || kind == io::ErrorKind::NetworkUnreachable {
        UnreachableCause::NoRoute(Arc::new(error))
    } else if kind == io::ErrorKind::TimedOut {
        UnreachableCause::TimedOut
    } else {
        UnreachableCause::Network(Arc::new(error))
    }
}

async fn shake_hands<S>(
    place: Place<'_>,
    stream: S,
    trust: Trust,
    pinned: &[HostKey],
    settings: &TransportSettings,
) -> Result<Handle<Verifier>, TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = client::Config {
        keepalive_interval: Some(settings.keepalive_interval),
        keepalive_max: 3,
        preferred: Preferred { key: Cow::Owned(algorithms(pinned)), ..Preferred::DEFAULT },
        ..client::Config::default()
    };
    client::connect_stream(Arc::new(config), stream, Verifier::new(trust)).await.map_err(
        |error| match error {
            HandshakeError::HostKey(offered) if pinned.is_empty() => {
                TransportError::HostKeyUnknown { address: place.address.to_owned(), offered }
            }
            HandshakeError::HostKey(offered) => TransportError::HostKeyChanged {
                address: place.address.to_owned(),
                pinned: pinned.to_vec(),
                offered,
            },
            HandshakeError::Ssh(error) => place.handshake_failed(error),
        },
    )
}

async fn log_in(
    mut handle: Handle<Verifier>,
    place: Place<'_>,
    login: &str,
    identity: &Identity,
) -> Result<Handle<Verifier>, TransportError> {
    let result = handle
        .authenticate_publickey(login, identity.for_login())
        .await
        .map_err(|error| place.handshake_failed(error))?;
    let (address, login) = (place.address.to_owned(), login.to_owned());
    match result {
        AuthResult::Success => Ok(handle),
        AuthResult::Failure { partial_success: true, .. } => {
            Err(TransportError::SecondFactorWanted { address, login })
        }
        AuthResult::Failure { partial_success: false, .. } => {
            Err(TransportError::KeyNotAccepted { address, login })
        }
    }
}

/// Whether the host said no to one more channel, as against a connection that is gone.
pub(super) fn is_channel_refusal(error: &russh::Error) -> bool {
    matches!(
        error,
        russh::Error::ChannelOpenFailure(
            ChannelOpenFailure::AdministrativelyProhibited
                | ChannelOpenFailure::ConnectFailed
                | ChannelOpenFailure::ResourceShortage
        )
    )
}

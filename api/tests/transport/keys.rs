//! Who is who: host keys, the user's key, the way there.

use std::time::Duration;

use pbsweb::transport::{
    Endpoint, Identity, JumpHost, Program, TransportError, TransportSettings, UnreachableCause,
};
use tokio::net::TcpListener;

use crate::sshd::{Host, limits, login, settings};

async fn fails(host: &Host, endpoint: &Endpoint, identity: &Identity) -> TransportError {
    host.transport.run(endpoint, identity, Program::new("echo ran"), limits()).await.unwrap_err()
}

fn cause(error: &TransportError) -> &UnreachableCause {
    let TransportError::Unreachable { cause, .. } = error else { panic!("{error:?}") };
    cause
}

#[tokio::test]
async fn an_unknown_key_is_shown_and_not_trusted() {
    let host = Host::start();
    let endpoint = Endpoint { host_keys: vec![], ..host.endpoint() };
    let error = fails(&host, &endpoint, &host.identity).await;
    let TransportError::HostKeyUnknown { offered, .. } = &error else { panic!("{error:?}") };
    assert_eq!(offered, &host.key);
    assert!(error.to_string().contains(&host.key.fingerprint()), "{error}");
    let scanned = host.transport.scan_host_key("127.0.0.1", host.port, None).await.unwrap();
    assert_eq!(scanned, host.key);
    // Confirmed, it is used at once.
    assert_eq!(host.stdout("echo in").await, "in");
}

#[tokio::test]
async fn a_changed_key_stops_everything_and_shows_both() {
    let host = Host::start();
    let other = Identity::generate().public_line("").parse().unwrap();
    let endpoint = Endpoint { host_keys: vec![other], ..host.endpoint() };
    let error = fails(&host, &endpoint, &host.identity).await;
    let TransportError::HostKeyChanged { pinned, offered, .. } = &error else { panic!("{error:?}") };
    assert_eq!((pinned, offered), (&endpoint.host_keys, &host.key));
    assert!(!error.is_retryable() && !error.outcome_unknown());
}

#[tokio::test]
async fn one_of_several_confirmed_keys_is_enough() {
    let host = Host::start();
    let mut endpoint = host.endpoint();
    endpoint.host_keys.insert(0, Identity::generate().public_line("").parse().unwrap());
    let output = host.transport.run(&endpoint, &host.identity, Program::new("echo in"), limits()).await;
    assert_eq!(output.unwrap().stdout, b"in\n");
}

#[tokio::test]
async fn a_key_that_is_not_accepted_stops_its_account_only() {
    let host = Host::with("", TransportSettings { backoff_first: Duration::from_secs(300), ..settings() });
    let stranger = Identity::generate();
    for _ in 0..3 {
        let error = fails(&host, &host.endpoint(), &stranger).await;
        let TransportError::KeyNotAccepted { login: refused, .. } = &error else { panic!("{error:?}") };
        assert_eq!(refused, &login());
    }
    assert_eq!(host.stdout("echo in").await, "in");
    // The line is added; a check by the user does not wait for the back-off.
    let lines = [host.identity.public_line(""), stranger.public_line("")].join("\n");
    std::fs::write(host.path("authorized_keys"), lines).unwrap();
    fails(&host, &host.endpoint(), &stranger).await;
    host.transport.retry_now(&host.endpoint(), &stranger);
    let output = host.transport.run(&host.endpoint(), &stranger, Program::new("echo in"), limits()).await;
    assert_eq!(output.unwrap().stdout, b"in\n");
    assert_eq!(host.transport.health(host.id).logins, 2, "identities do not share a connection");
}

#[tokio::test]
async fn an_unreachable_host_is_left_alone_for_a_while() {
    let host = Host::start();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let endpoint = Endpoint { port: closed, ..host.endpoint() };
    let error = fails(&host, &endpoint, &host.identity).await;
    assert!(matches!(cause(&error), UnreachableCause::Refused(_)), "{error:?}");
    assert_eq!(error.retry_after(), None);
    let error = fails(&host, &endpoint, &host.identity).await;
    assert!(error.retry_after().is_some_and(|wait| wait <= settings().backoff_first), "{error:?}");
    assert!(error.is_retryable() && !error.outcome_unknown());
    assert_eq!(host.transport.health(host.id).failures, 1);
    host.transport.retry_now(&host.endpoint(), &host.identity);
    assert_eq!(host.stdout("echo in").await, "in");
}

#[tokio::test]
async fn the_reason_why_a_host_is_unreachable_is_told() {
    let host = Host::with("", TransportSettings { connect_timeout: Duration::from_secs(1), ..settings() });
    let endpoint = Endpoint { address: "no-such-host.invalid".to_owned(), ..host.endpoint() };
    let error = fails(&host, &endpoint, &host.identity).await;
    assert!(
        matches!(cause(&error), UnreachableCause::NameNotResolved(_) | UnreachableCause::TimedOut),
        "{error:?}"
    );
    host.transport.retry_now(&host.endpoint(), &host.identity);

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint { port: silent.local_addr().unwrap().port(), ..host.endpoint() };
    let error = fails(&host, &endpoint, &host.identity).await;
    assert!(matches!(cause(&error), UnreachableCause::TimedOut), "{error:?}");
    host.transport.retry_now(&host.endpoint(), &host.identity);

    let closing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint { port: closing.local_addr().unwrap().port(), ..host.endpoint() };
    let close = async { drop(closing.accept().await.unwrap()) };
    let (error, ()) = tokio::join!(fails(&host, &endpoint, &host.identity), close);
    assert!(
        matches!(cause(&error), UnreachableCause::Handshake(_) | UnreachableCause::Network(_)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_host_behind_another_is_reached_through_it() {
    let (gate, host) = (Host::start(), Host::start());
    // One identity for both.
    let keys = format!("{}\n{}", gate.identity.public_line(""), host.identity.public_line(""));
    std::fs::write(gate.path("authorized_keys"), keys).unwrap();
    let jump = JumpHost {
        address: "localhost".to_owned(),
        port: gate.port,
        login: login().parse().unwrap(),
        host_keys: vec![gate.key.clone()],
    };
    let through = |jump: &JumpHost| Endpoint { jump: Some(Box::new(jump.clone())), ..host.endpoint() };
    let program = Program::new("echo behind");
    let output = host.transport.run(&through(&jump), &host.identity, program, limits()).await.unwrap();
    assert_eq!(output.stdout, b"behind\n");
    let scanned = host.transport.scan_host_key("127.0.0.1", host.port, Some((&jump, &host.identity))).await;
    assert_eq!(scanned.unwrap(), host.key);

    let unknown = JumpHost { host_keys: vec![], ..jump.clone() };
    let error = fails(&host, &through(&unknown), &host.identity).await;
    let TransportError::HostKeyUnknown { offered, address } = &error else { panic!("{error:?}") };
    assert_eq!((offered, address.as_str()), (&gate.key, "localhost"));

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let endpoint = Endpoint { port: closed, ..through(&jump) };
    let error = fails(&host, &endpoint, &host.identity).await;
    assert!(matches!(cause(&error), UnreachableCause::JumpRefused(_)), "{error:?}");
}

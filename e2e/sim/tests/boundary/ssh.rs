//! The SSH server, as a client sees it.

use std::sync::Arc;

use russh::client::{self, AuthResult, Handle};
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg, Sig};

use crate::host::TestHost;

pub(crate) struct Client {
    expected: String,
}

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(
            matches!(key, PublicKeyOrCertificate::PublicKey { key, .. } if key.to_openssh().unwrap_or_default() == self.expected),
        )
    }
}

/// What a remote command did; `None` for an exit status that never came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<u32>,
    pub(crate) signal: Option<String>,
}

pub(crate) fn new_key() -> PrivateKey {
    PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap()
}

pub(crate) fn line(key: &PrivateKey) -> String {
    key.public_key().to_openssh().unwrap()
}

pub(crate) async fn connect(test: &TestHost) -> Result<Handle<Client>, russh::Error> {
    let config = Arc::new(client::Config::default());
    client::connect(config, test.host.address(), Client { expected: test.host.host_key_line() }).await
}

pub(crate) async fn sign_in(test: &TestHost, user: &str, key: &PrivateKey) -> Handle<Client> {
    let mut handle = connect(test).await.unwrap();
    let key = PrivateKeyWithHashAlg::new(Arc::new(key.clone()), None);
    assert!(matches!(handle.authenticate_publickey(user, key).await.unwrap(), AuthResult::Success));
    handle
}

pub(crate) async fn collect(mut channel: Channel<client::Msg>) -> Outcome {
    let (mut stdout, mut stderr, mut status, mut signal) = (Vec::new(), Vec::new(), None, None);
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => stdout.extend_from_slice(&data),
            ChannelMsg::ExtendedData { data, ext: 1 } => stderr.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => signal = Some(format!("{signal_name:?}")),
            _ => {}
        }
    }
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { stdout: text(stdout), stderr: text(stderr), status, signal }
}

pub(crate) async fn exec(handle: &Handle<Client>, command: &str, input: &[u8]) -> Outcome {
    let channel = handle.channel_open_session().await.unwrap();
    channel.exec(true, command).await.unwrap();
    // A connection that is cut meanwhile is what some tests are about.
    let _cut = channel.data_bytes(input.to_vec()).await;
    let _cut = channel.eof().await;
    collect(channel).await
}

pub(crate) fn with_key(test: &TestHost, login: &str, shell: &str) -> PrivateKey {
    let key = new_key();
    test.host.add_account(login, Some(&line(&key)), shell).unwrap();
    key
}

#[tokio::test]
async fn commands_run_by_the_login_shell_with_streams_and_status() {
    let test = TestHost::new();
    for shell in ["/bin/sh", "/bin/bash", "/bin/tcsh"] {
        if !std::path::Path::new(shell).exists() {
            continue;
        }
        let key = with_key(&test, "carol", shell);
        let handle = sign_in(&test, "carol", &key).await;
        let outcome =
            exec(&handle, "/bin/sh -c 'cat; echo $SHELL $PATH; echo bad >&2; exit 5'", b"in\n").await;
        assert_eq!(outcome.stdout, format!("in\n{shell} /usr/local/bin:/usr/bin:/bin\n"));
        assert_eq!(outcome.stderr, "bad\n");
        assert_eq!(outcome.status, Some(5));
        let killed = exec(&handle, "exec /bin/sh -c 'kill -KILL $$'", b"").await;
        assert_eq!((killed.status, killed.signal), (None, Some("KILL".to_owned())));
    }
}

#[tokio::test]
async fn the_scheduler_is_reached_by_the_path_of_its_commands() {
    let test = TestHost::new();
    let key = with_key(&test, "carol", "/bin/bash");
    let handle = sign_in(&test, "carol", &key).await;
    assert_eq!(exec(&handle, "qstat", b"").await.status, Some(127));
    let qsub = test.host.bin_dir().join("qsub");
    let outcome = exec(&handle, &format!("{} -N over_ssh -h", qsub.display()), b"echo hi\n").await;
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("1.vm\n", Some(0)));
    assert_eq!(test.host.jobs()[0].owner, "carol");
}

#[tokio::test]
async fn keys_are_read_at_each_sign_in_and_options_are_tolerated() {
    let test = TestHost::new();
    let key = with_key(&test, "carol", "/bin/sh");
    let with_options = format!("restrict,from=\"10.0.0.0/8, 127.0.0.1\" {} a comment", line(&key));
    test.host.set_authorized_keys("carol", &["# nothing", &with_options]).unwrap();
    drop(sign_in(&test, "carol", &key).await);
    test.host.set_authorized_keys("carol", &[&line(&new_key())]).unwrap();
    for user in ["carol", "nobody"] {
        let mut handle = connect(&test).await.unwrap();
        let key = PrivateKeyWithHashAlg::new(Arc::new(key.clone()), None);
        let result = handle.authenticate_publickey(user, key).await.unwrap();
        assert!(!matches!(result, AuthResult::Success), "{user}");
    }
}

#[tokio::test]
async fn ten_channels_fit_on_a_connection() {
    let test = TestHost::new();
    let key = with_key(&test, "carol", "/bin/sh");
    let handle = sign_in(&test, "carol", &key).await;
    let mut channels = Vec::new();
    for _ in 0..10 {
        let channel = handle.channel_open_session().await.unwrap();
        channel.exec(true, "cat").await.unwrap();
        channels.push(channel);
    }
    assert!(handle.channel_open_session().await.is_err());
    for channel in channels {
        channel.data_bytes(b"all".to_vec()).await.unwrap();
        channel.eof().await.unwrap();
        assert_eq!(collect(channel).await.stdout, "all");
    }
    // A place that is free again can be taken.
    assert_eq!(exec(&handle, "echo again", b"").await.stdout, "again\n");
}

#[tokio::test]
async fn much_output_is_streamed_and_signals_are_passed_on() {
    let test = TestHost::new();
    let key = with_key(&test, "carol", "/bin/sh");
    let handle = sign_in(&test, "carol", &key).await;
    let outcome = exec(&handle, "head -c 20000000 /dev/zero | tr '\\0' x", b"").await;
    assert_eq!((outcome.stdout.len(), outcome.status), (20_000_000, Some(0)));
    let channel = handle.channel_open_session().await.unwrap();
    channel.exec(true, "exec sleep 1000").await.unwrap();
    channel.signal(Sig::TERM).await.unwrap();
    assert_eq!(collect(channel).await.signal.as_deref(), Some("TERM"));
}

#[tokio::test]
async fn a_command_outlives_its_connection() {
    let test = TestHost::new();
    let key = with_key(&test, "carol", "/bin/sh");
    let handle = sign_in(&test, "carol", &key).await;
    let channel = handle.channel_open_session().await.unwrap();
    channel
        .exec(true, "echo begun > a; while [ ! -e go ]; do sleep 0.05; done; echo done > b")
        .await
        .unwrap();
    let home = test.host.home("carol");
    test.wait("the beginning", |_| home.join("a").exists()).await;
    drop(channel);
    drop(handle);
    std::fs::write(home.join("go"), "").unwrap();
    test.wait("the end", |_| home.join("b").exists()).await;
}

#[tokio::test]
async fn banners_of_careless_rc_files_are_printed() {
    let test = TestHost::new();
    for shell in ["/bin/sh", "/bin/bash", "/bin/tcsh"] {
        if !std::path::Path::new(shell).exists() {
            continue;
        }
        let key = with_key(&test, "carol", shell);
        test.host.set_login_banner("carol", Some("Welcome to the cluster\n")).unwrap();
        let handle = sign_in(&test, "carol", &key).await;
        assert_eq!(exec(&handle, "echo hi", b"").await.stdout, "Welcome to the cluster\nhi\n", "{shell}");
        test.host.set_login_banner("carol", None).unwrap();
        assert_eq!(exec(&handle, "echo hi", b"").await.stdout, "hi\n", "{shell}");
    }
}

#[tokio::test]
async fn the_openssh_client_can_use_it() {
    let test = TestHost::new();
    if !std::path::Path::new("/usr/bin/ssh").exists() {
        return;
    }
    let key = with_key(&test, "carol", "/bin/bash");
    let file = test.folder.path().join("key");
    std::fs::write(&file, key.to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let known = test.folder.path().join("known_hosts");
    let address = test.host.address();
    std::fs::write(&known, format!("[{}]:{} {}\n", address.ip(), address.port(), test.host.host_key_line()))
        .unwrap();
    let command = format!(
        "chmod 600 {0}; ssh -F none -i {0} -o UserKnownHostsFile={1} -o StrictHostKeyChecking=yes -p {2} \
         carol@127.0.0.1 'cat; exit 4' < /etc/hostname; echo $?",
        file.display(),
        known.display(),
        address.port()
    );
    let output = test.run_as("alice", &command);
    let expected = format!("{}4\n", std::fs::read_to_string("/etc/hostname").unwrap());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

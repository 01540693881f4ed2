//! The whole server in this process: a private database, a certificate of its own, a port of its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;

fn config(folder: &Path) -> Config {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).unwrap();
    let mut config = Config { data_folder: folder.join("pbsweb"), ..Config::default() };
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    config.http.workers = 1;
    config.database.max_connections = 4;
    config
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Connects and trusts exactly the certificate in the data folder.
fn connect(address: SocketAddr, folder: &Path, name: &'static str, alpn: &[&[u8]]) -> std::io::Result<Tls> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("pbsweb/tls/certificate.pem")).unwrap()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(name).unwrap()).unwrap();
    let mut tls = StreamOwned::new(connection, TcpStream::connect(address)?);
    tls.sock.set_read_timeout(Some(Duration::from_secs(30)))?;
    tls.flush()?;
    Ok(tls)
}

fn get(tls: &mut Tls, path: &str, headers: &str) -> (String, String) {
    write!(tls, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // Some servers end without a TLS goodbye; what came counts.
    let _ = tls.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    (head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_over_tls_with_its_own_certificate_and_stops_whole() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(config(folder.path())).await.unwrap();
    let (address, place) = (running.address, folder.path().to_owned());
    assert_eq!(running.base_url(), format!("https://{address}"));
    let idle = tokio::task::spawn_blocking(move || {
        let (head, _) =
            get(&mut connect(address, &place, "localhost", &[b"http/1.1"]).unwrap(), "/healthz", "");
        assert!(head.starts_with("http/1.1 20"), "{head}");
        for header in [
            "x-request-id: ",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
            "referrer-policy: ",
        ] {
            assert!(head.contains(header), "{header} is not in {head}");
        }
        assert!(!head.contains("strict-transport-security"), "{head}");
        assert!(connect(address, &place, "elsewhere.example", &[]).is_err(), "another name was taken");

        let (head, _) = get(&mut connect(address, &place, "localhost", &[]).unwrap(), "/no-such-file.js", "");
        assert!(head.contains(" 404 ") || head.contains(" 503 "), "{head}");
        assert!(head.contains("application/problem+json"), "{head}");

        let mut h2 = connect(address, &place, "localhost", &[b"h2", b"http/1.1"]).unwrap();
        h2.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
        let mut byte = [0; 1];
        h2.read_exact(&mut byte).unwrap();
        assert_eq!(h2.conn.alpn_protocol(), Some(&b"h2"[..]));
        // Clear text to the TLS port, and a connection that says nothing.
        TcpStream::connect(address).unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let silent = TcpStream::connect(address).unwrap();
        (h2, silent)
    })
    .await
    .unwrap();

    let begun = Instant::now();
    running.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "idle connections held the stop for {:?}",
        begun.elapsed()
    );
    drop(idle);
    assert!(TcpStream::connect(address).is_err());
    assert!(!folder.path().join("pbsweb/postgres/data/postmaster.pid").exists());

    // The same folder again: same key, same certificate, same data.
    let again = config(folder.path());
    let certificate = std::fs::read(folder.path().join("pbsweb/tls/certificate.pem")).unwrap();
    let running = start(again).await.unwrap();
    assert_eq!(std::fs::read(folder.path().join("pbsweb/tls/certificate.pem")).unwrap(), certificate);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_it_from_starting_is_said_with_the_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.http.listen = taken.local_addr().unwrap();
    let error = format!("{:#}", start(config.clone()).await.err().unwrap());
    assert!(error.contains("PBSWEB_HTTP_LISTEN"), "{error}");

    config.master_key_file = Some(folder.path().join("absent.key"));
    let error = format!("{:#}", start(config.clone()).await.err().unwrap());
    assert!(error.contains("PBSWEB_MASTER_KEY_FILE") && error.contains("absent.key"), "{error}");

    config.master_key_file = None;
    config.database.url = Some("postgres:///nothing?host=/nonexistent".to_owned());
    assert!(start(config.clone()).await.is_err());

    std::fs::write(folder.path().join("file"), "").unwrap();
    config.data_folder = folder.path().join("file");
    let error = format!("{:#}", start(config).await.err().unwrap());
    assert!(error.contains("PBSWEB_DATA_FOLDER") || error.contains("file"), "{error}");
}

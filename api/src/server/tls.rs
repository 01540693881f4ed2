//! The certificate: the site's own from files, or one we sign ourselves, which browsers ask about.

use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Config;

/// Browsers take no certificate of more than 398 days.
const VALID_DAYS: i64 = 397;
/// Renewed at a start when it has less than this left.
const RENEW_DAYS: i64 = 60;

/// Reads or makes the certificate. `listen_rustls_0_23` adds the protocols, HTTP/2 first.
pub(super) fn server_config(config: &Config) -> anyhow::Result<ServerConfig> {
    let (certificate, key) = match (&config.http.tls.certificate, &config.http.tls.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => {
            let pair = own_certificate(&config.data_folder.join("tls"), &names(config), Utc::now())?;
            tracing::warn!(
                "the certificate is one of our own ({}); browsers will ask about it",
                pair.0.display()
            );
            pair
        }
    };
    read(&certificate, &key)
}

fn read(certificate: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let what = || format!("http.tls.certificate: cannot read {}", certificate.display());
    let chain = CertificateDer::pem_file_iter(certificate).with_context(what)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().with_context(what)?;
    ensure!(!chain.is_empty(), "http.tls.certificate: {} holds no certificate", certificate.display());
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("http.tls.key: cannot read {}", key.display()))?;
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .with_context(|| format!("{} and {} do not go together", certificate.display(), key.display()))
}

/// What people on this machine, or in this site, may type.
fn names(config: &Config) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let listen = config.http.listen.ip();
    if !listen.is_unspecified() {
        names.push(listen.to_string());
    }
    if let Ok(host) = fs::read_to_string("/proc/sys/kernel/hostname") {
        names.push(host.trim().to_ascii_lowercase());
    }
    match config.site.public_address.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => names.push(name.to_owned()),
        Some(url::Host::Ipv4(address)) => names.push(address.to_string()),
        Some(url::Host::Ipv6(address)) => names.push(address.to_string()),
        None => {}
    }
    names.retain(|name| name.parse::<IpAddr>().is_ok() || is_host_name(name));
    names.sort();
    names.dedup();
    names
}

fn is_host_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}

/// The pair in `folder`, made anew when it is missing, for other names, or soon over. Its names and end stand above
/// the certificate, where readers of PEM look over them.
fn own_certificate(
    folder: &Path,
    names: &[String],
    now: DateTime<Utc>,
) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (certificate_path, key_path) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let note = format!("PBSWeb made this for {}", names.join(", "));
    let is_good = fs::read_to_string(&certificate_path).is_ok_and(|text| {
        let mut lines = text.lines();
        let is_for_names = lines.next() == Some(note.as_str());
        let end =
            lines.next().and_then(|line| line.strip_prefix("valid until ")?.parse::<DateTime<Utc>>().ok());
        is_for_names && end.is_some_and(|end| end - now > TimeDelta::days(RENEW_DAYS))
    });
    if is_good && read(&certificate_path, &key_path).is_ok() {
        return Ok((certificate_path, key_path));
    }

    let (begin, end) = (now - TimeDelta::days(1), now + TimeDelta::days(VALID_DAYS - 2));
    let date = |time: DateTime<Utc>| {
        let (month, day) = (u8::try_from(time.month()).unwrap_or(1), u8::try_from(time.day()).unwrap_or(1));
        rcgen::date_time_ymd(time.year(), month, day)
    };
    let mut params =
        CertificateParams::new(names.to_vec()).context("the certificate's names are unusable")?;
    params.not_before = date(begin);
    params.not_after = date(end);
    params.distinguished_name.push(DnType::CommonName, "PBSWeb (signed by itself)");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().context("cannot make a key for TLS")?;
    let certificate = params.self_signed(&key).context("cannot make a certificate")?;

    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    write(&key_path, &key.serialize_pem(), 0o600)?;
    let text = format!("{note}\nvalid until {}\n{}", end.to_rfc3339(), certificate.pem());
    write(&certificate_path, &text, 0o644)?;
    tracing::info!("made a certificate for {}", names.join(", "));
    Ok((certificate_path, key_path))
}

/// Written beside and renamed, so that nobody reads half a file.
fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let what = || format!("cannot write {}", path.display());
    let beside = path.with_extension(format!("new.{}", uuid::Uuid::new_v4().simple()));
    let mut file =
        fs::File::options().write(true).create_new(true).mode(mode).open(&beside).with_context(what)?;
    file.write_all(text.as_bytes()).with_context(what)?;
    file.sync_all().with_context(what)?;
    fs::rename(&beside, path).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_is_kept_until_its_names_or_its_time_change() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let now = Utc::now();
        let text = |pair: &(PathBuf, PathBuf)| fs::read_to_string(&pair.0).unwrap();
        let first = own_certificate(&folder, &names, now).unwrap();
        let before = text(&first);
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&first.1).unwrap());
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(text(&own_certificate(&folder, &names, now + TimeDelta::days(300)).unwrap()), before);
        let later = text(&own_certificate(&folder, &names, now + TimeDelta::days(350)).unwrap());
        assert_ne!(later, before);
        let other = text(&own_certificate(&folder, &names[..1], now + TimeDelta::days(350)).unwrap());
        assert_ne!(other, later);
        fs::write(&first.1, "broken").unwrap();
        assert_ne!(text(&own_certificate(&folder, &names[..1], now + TimeDelta::days(350)).unwrap()), other);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn files_that_are_no_pair_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["localhost".to_owned()];
        let (certificate, key) = own_certificate(&folder.path().join("a"), &names, Utc::now()).unwrap();
        let (_, other_key) = own_certificate(&folder.path().join("b"), &names, Utc::now()).unwrap();
        let absent = folder.path().join("absent.pem");
        let empty = folder.path().join("empty.pem");
        fs::write(&empty, "").unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        read(&certificate, &key).unwrap();
        for (certificate, key, expected) in [
            (&absent, &key, "absent.pem"),
            (&certificate, &absent, "http.tls.key"),
            (&empty, &key, "holds no certificate"),
            (&certificate, &empty, "http.tls.key"),
            (&certificate, &other_key, "do not go together"),
        ] {
            let error = format!("{:#}", read(certificate, key).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn odd_host_names_do_not_get_into_the_certificate() {
        for (name, is_good) in
            [("pbsweb.example.org", true), ("vm-1", true), ("a_b", false), ("", false), ("a..b", false)]
        {
            assert_eq!(is_host_name(name), is_good, "{name:?}");
        }
    }
}

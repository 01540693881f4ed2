use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pbsweb.toml");
    std::fs::write(&file, toml).unwrap();
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::from_sources(Some(&file), &variables, true)
}

fn refusal(toml: &str, variables: &[(&str, &str)]) -> String {
    load(toml, variables).expect_err("was taken").to_string()
}

#[test]
fn the_table_of_keys_is_the_structs() {
    fn flatten(prefix: &str, value: &serde_json::Value, keys: &mut BTreeSet<String>) {
        match value.as_object() {
            Some(fields) => {
                for (name, value) in fields {
                    let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    flatten(&key, value, keys);
                }
            }
            None => {
                keys.insert(prefix.to_owned());
            }
        }
    }
    let mut keys = BTreeSet::new();
    flatten("", &serde_json::to_value(Config::default()).unwrap(), &mut keys);
    assert_eq!(keys, load::keys().into_iter().map(str::to_owned).collect());
}

#[test]
fn the_defaults_are_sound() {
    assert_eq!(load("", &[]).unwrap(), Config::default());
}

#[test]
fn the_environment_stands_over_the_file_and_the_file_over_the_defaults() {
    let toml = "[site]\nname = \"Here\"\n[http]\nlisten = \"[::1]:9000\"\nmax_body_bytes = \"1 MiB\"\n[sessions]\nlifetime = \"30m\"\n";
    let config = load(
        toml,
        &[
            ("PBSWEB_SITE_NAME", "42"),
            ("PBSWEB_DATABASE_MAX_CONNECTIONS", "5"),
            ("PBSWEB_UPLOAD_MAX_ARCHIVE_BYTES", "3 GiB"),
            ("PBSWEB_UPLOAD_MAX_UNPACKED_BYTES", "123456"),
            ("PBSWEB_SITE_ACCOUNT_POLICY", "open"),
            ("PBSWEB_SSH_IDLE_TIMEOUT", "250s"),
            ("PBSWEB_LOG_FORMAT", ""),
            ("PBSWEB_SERVICE_HOST", "10.0.0.1"),
            ("DATABASE_URL", "postgres://one"),
        ],
    )
    .unwrap();
    assert_eq!(config.site.name, "42");
    assert_eq!(config.http.listen.port(), 9000);
    assert_eq!(config.http.max_body_bytes, 1 << 20);
    assert_eq!(config.sessions.lifetime, Duration::from_secs(1800));
    assert_eq!(config.database.max_connections, 5);
    assert_eq!(config.upload.max_archive_bytes, 3 << 30);
    assert_eq!(config.upload.max_unpacked_bytes, 123_456);
    assert_eq!(config.ssh.idle_timeout, Duration::from_secs(250));
    assert_eq!(config.log.format, LogFormat::Text);
    assert_eq!(config.database.url.as_deref(), Some("postgres://one"));
    let both = [("DATABASE_URL", "postgres://one"), ("PBSWEB_DATABASE_URL", "postgres://two")];
    assert_eq!(load("", &both).unwrap().database.url.as_deref(), Some("postgres://two"));
}

#[test]
fn what_is_unknown_or_unreadable_is_refused_by_name() {
    for (toml, variables, expected) in [
        ("[http]\nlisen = \"1\"\n", &[][..], "http.lisen: unknown key"),
        ("[htp]\n", &[], "htp: unknown key"),
        ("[http]\nlisten = \"nowhere\"\n", &[], "http.listen: "),
        ("[http]\nlisten = 8443\n", &[], "http.listen: "),
        ("[sessions]\nlifetime = \"12 parsecs\"\n", &[], "is not a duration such as"),
        ("[site]\npublic_address = \"pbsweb\"\n", &[], "site.public_address"),
        ("[site]\naccount_policy = \"maybe\"\n", &[], "site.account_policy"),
        ("[http\n", &[], "pbsweb.toml"),
        (
            "",
            &[("PBSWEB_HTTP_LISTN", "x")],
            "unknown variable PBSWEB_HTTP_LISTN; did you mean PBSWEB_HTTP_LISTEN?",
        ),
        ("", &[("PBSWEB_WHATEVER_IT_IS", "x")], "unknown variable PBSWEB_WHATEVER_IT_IS"),
        ("", &[("PBSWEB_HTTP_WORKERS", "many")], "(PBSWEB_HTTP_WORKERS)"),
        ("", &[("PBSWEB_UPLOAD_MAX_ARCHIVE_BYTES", "-1")], "(PBSWEB_UPLOAD_MAX_ARCHIVE_BYTES)"),
        ("", &[("PBSWEB_UPLOAD_MAX_ARCHIVE_BYTES", "2 GB")], "such as 1048576"),
    ] {
        let text = refusal(toml, variables);
        assert!(text.contains(expected), "{toml:?} {variables:?}: {text}");
    }
}

#[test]
fn impossible_combinations_are_refused_and_all_are_said() {
    for (toml, expected) in [
        ("[http.tls]\ncertificate = \"/a\"\n", "http.tls.key (PBSWEB_HTTP_TLS_KEY): is needed"),
        ("[http.tls]\nkey = \"/a\"\n", "http.tls.certificate"),
        ("[http]\nlisten = \"0.0.0.0:80\"\ntls.is_enabled = false\n", "loopback"),
        ("[http.tls]\nis_enabled = false\ncertificate = \"/a\"\nkey = \"/b\"\n", "has no use"),
        ("[database]\nurl = \"mysql://x\"\n", "database.url"),
        ("[database]\nmax_connections = 100\n", "at most 80"),
        ("data_folder = \"here\"\n", "absolute"),
        ("[site]\nname = \" \"\n", "site.name"),
        ("[site]\nssh_from = 'a\" command=\"x'\n", "site.ssh_from"),
        ("[site]\npublic_address = \"https://a.org/sub\"\n", "site.public_address"),
        ("[sessions]\nmin_password_length = 3\n", "from 8 to 128"),
        ("[poll]\nmax_listings_per_minute = 0\n", "poll.max_listings_per_minute"),
        ("[poll]\nidle_interval = \"5s\"\n", "shorter than poll.interval"),
    ] {
        let text = refusal(toml, &[]);
        assert!(text.contains(expected), "{toml:?}: {text}");
    }
    let text = refusal("data_folder = \"here\"\n[site]\nname = \"\"\n", &[]);
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let nowhere = Path::new("/nonexistent/pbsweb.toml");
    let error = Config::from_sources(Some(nowhere), &BTreeMap::new(), true).unwrap_err();
    assert!(matches!(&error, ConfigError::File { path, .. } if path == nowhere), "{error}");
    let variables = BTreeMap::from([("PBSWEB_CONFIG".to_owned(), "/nonexistent/b.toml".to_owned())]);
    let error = Config::from_sources(None, &variables, true).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/b.toml"), "{error}");
}

#[test]
fn the_data_folder_follows_who_starts_the_server() {
    let folder = |variables: &[(&str, &str)], is_root| {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::from_sources(None, &variables, is_root).unwrap().data_folder
    };
    assert_eq!(folder(&[("HOME", "/home/ada")], false), PathBuf::from("/home/ada/.local/share/pbsweb"));
    let xdg = [("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data/ada")];
    assert_eq!(folder(&xdg, false), PathBuf::from("/data/ada/pbsweb"));
    assert_eq!(folder(&xdg, true), PathBuf::from("/var/lib/pbsweb"));
    assert_eq!(folder(&[("PBSWEB_DATA_FOLDER", "/srv/p")], true), PathBuf::from("/srv/p"));
}

#[test]
fn no_password_is_shown() {
    for address in
        ["postgres://ada:secret@db/x", "postgres:///x?host=/run&password=secret", "postgres://a:secret@[bad"]
    {
        let config = load("", &[("PBSWEB_DATABASE_URL", address)]).unwrap();
        let shown = format!("{config:?} {:?}", config.settings());
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains("PBSWEB_SITE_NAME"), "{shown}");
    }
}

#[test]
fn durations_and_sizes_read_back_as_they_are_shown() {
    for (text, millis) in
        [("500ms", 500), ("15s", 15_000), ("90s", 90_000), ("10 m", 600_000), ("7d", 604_800_000)]
    {
        let duration = duration::parse(text).unwrap();
        assert_eq!(duration.as_millis(), millis);
        assert_eq!(duration::parse(&duration::show(duration)), Some(duration));
    }
    for text in ["", "5", "s", "-1s", "1.5h", "1h30m", "99999999999999999999d", "213503982335d"] {
        assert_eq!(duration::parse(text), None, "{text:?}");
    }
    for (text, bytes) in [("0", 0), ("17", 17), ("64 KiB", 65_536), ("2GiB", 2 << 30)] {
        assert_eq!(byte_size::parse(text), Some(bytes));
    }
    for text in ["", "KiB", "1 kb", "-1", "1.5 GiB", "99999999 TiB"] {
        assert_eq!(byte_size::parse(text), None, "{text:?}");
    }
}

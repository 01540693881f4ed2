//! The layers: defaults, file, environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::{Config, ConfigProblem};

/// Every key, and whether its value is text that is taken as it stands: `PBSWEB_SITE_NAME=42` is a name, not a number.
/// A test compares this with the structs.
const KEYS: [(&str, bool); 37] = [
    ("site.name", true),
    ("site.account_policy", true),
    ("site.public_address", true),
    ("site.ssh_from", true),
    ("http.listen", true),
    ("http.tls.is_enabled", false),
    ("http.tls.certificate", true),
    ("http.tls.key", true),
    ("http.workers", false),
    ("http.max_body_bytes", false),
    ("http.stop_timeout", true),
    ("database.url", true),
    ("database.max_connections", false),
    ("data_folder", true),
    ("master_key_file", true),
    ("sessions.lifetime", true),
    ("sessions.max_token_lifetime", true),
    ("sessions.min_password_length", false),
    ("sessions.max_failed_sign_ins", false),
    ("sessions.failed_sign_in_window", true),
    ("upload.max_archive_bytes", false),
    ("upload.max_unpacked_bytes", false),
    ("upload.max_entries", false),
    ("build.max_duration", true),
    ("build.max_output_bytes", false),
    ("ssh.connect_timeout", true),
    ("ssh.command_timeout", true),
    ("ssh.idle_timeout", true),
    ("ssh.keepalive_interval", true),
    ("ssh.max_channels", false),
    ("ssh.connection_interval", true),
    ("poll.max_listings_per_minute", false),
    ("poll.interval", true),
    ("poll.idle_interval", true),
    ("steering.max_connections_per_minute", false),
    ("log.filter", true),
    ("log.format", true),
];

/// Variables with our prefix that are not settings of the running server.
const OTHER_VARIABLES: [&str; 2] = ["PBSWEB_CONFIG", "PBSWEB_WEB_DIST"];

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named on the command line or by `PBSWEB_CONFIG` is not there.
    #[error("cannot read the settings file {}", path.display())]
    File {
        /// Where it should be.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// A variable that begins with `PBSWEB_` and is no setting.
    #[error("unknown variable {name}{}", hint.as_ref().map(|hint| format!("; did you mean {hint}?")).unwrap_or_default())]
    UnknownVariable {
        /// Its name.
        name: String,
        /// The nearest one that exists.
        hint: Option<String>,
    },
    /// A value is not readable, or a key is unknown.
    #[error("{key}: {message} ({origin})")]
    Value {
        /// The key, such as `http.listen`.
        key: String,
        /// What is wrong with it.
        message: String,
        /// The file or the variable it came from.
        origin: String,
    },
    /// Readable one by one, but not together.
    #[error("{}", .0.iter().map(ConfigProblem::to_string).collect::<Vec<_>>().join("\n"))]
    Rules(Vec<ConfigProblem>),
}

/// One setting as it stands, for `pbsweb check-config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key in the file.
    pub key: &'static str,
    /// The variable in the environment.
    pub variable: String,
    /// The value, without passwords; empty when none is set.
    pub value: String,
}

/// The variable of a key: `http.listen` is `PBSWEB_HTTP_LISTEN`.
pub(super) fn variable_of(key: &str) -> String {
    format!("PBSWEB_{}", key.replace('.', "_").to_uppercase())
}

impl Config {
    /// Reads the settings: defaults, then the file (given here, or named by `PBSWEB_CONFIG`), then the environment.
    ///
    /// # Errors
    ///
    /// When a source cannot be read, holds something unknown, or the whole makes no sense.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        // A variable that is not Unicode cannot be one of ours with a usable value; its name is shown lossily.
        let variables = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect();
        Self::from_sources(file, &variables, is_root())
    }

    /// As `load`, with the environment as an argument.
    pub(super) fn from_sources(
        file: Option<&Path>,
        variables: &BTreeMap<String, String>,
        is_root: bool,
    ) -> Result<Self, ConfigError> {
        let named = variables.get("PBSWEB_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        let environment = Environment::new(variables)?;
        let defaults = Self { data_folder: default_data_folder(variables, is_root), ..Self::default() };
        let mut figment = Figment::from(Serialized::defaults(defaults));
        if let Some(path) = file.map(Path::to_path_buf).or(named) {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| ConfigError::File { path: path.clone(), source })?;
            figment = figment.merge(NamedToml { path, text });
        }
        let config: Self = figment.merge(environment).extract().map_err(first_value_error)?;
        config.check().map_err(ConfigError::Rules)?;
        Ok(config)
    }

    /// Every setting as it stands, in the order of the documentation, safe to print.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let json = serde_json::to_value(self).unwrap_or_default();
        KEYS.iter()
            .map(|(key, _)| {
                let value = key.split('.').try_fold(&json, |value, part| value.get(part));
                let value = match value {
                    Some(serde_json::Value::String(text)) => text.clone(),
                    None | Some(serde_json::Value::Null) => String::new(),
                    Some(
                        other @ (serde_json::Value::Bool(_)
                        | serde_json::Value::Number(_)
                        | serde_json::Value::Array(_)
                        | serde_json::Value::Object(_)),
                    ) => other.to_string(),
                };
                let value = if *key == "database.url" { without_password(&value) } else { value };
                Setting { key, variable: variable_of(key), value }
            })
            .collect()
    }
}

/// A database address as it may be shown.
pub(crate) fn without_password(address: &str) -> String {
    if address.is_empty() {
        return String::new();
    }
    match url::Url::parse(address) {
        Ok(mut url) => {
            if url.password().is_some() && url.set_password(Some("…")).is_err() {
                return "(hidden)".to_owned();
            }
            // libpq takes the password in the query too.
            if url.query_pairs().any(|(name, _)| name == "password") {
                url.set_query(None);
            }
            url.to_string()
        }
        Err(_) => "(hidden)".to_owned(),
    }
}

/// The owner of `/proc/self` is the effective user: the standard library has no `geteuid`.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn default_data_folder(variables: &BTreeMap<String, String>, is_root: bool) -> PathBuf {
    let folder = |name: &str| variables.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if is_root {
        return PathBuf::from("/var/lib/pbsweb");
    }
    folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("/var/lib/pbsweb"), |data| data.join("pbsweb"))
}

/// A TOML file whose errors name it.
struct NamedToml {
    path: PathBuf,
    text: String,
}

impl Provider for NamedToml {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("file {}", self.path.display()))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Toml::string(&self.text).data()
    }
}

/// The variables that are settings, by key. An empty one counts as absent, as is usual in unit files and compose files.
struct Environment(Vec<(&'static str, Value)>);

impl Environment {
    fn new(variables: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut values = Vec::new();
        if let Some(url) = variables.get("DATABASE_URL").filter(|url| !url.is_empty()) {
            values.push(("database.url", Value::from(url.as_str())));
        }
        for (name, text) in variables.iter().filter(|(name, _)| name.starts_with("PBSWEB_")) {
            // Kubernetes gives every pod variables about a service called "pbsweb"; they are not ours to refuse.
            let is_foreign = name.starts_with("PBSWEB_SERVICE_") || name.starts_with("PBSWEB_PORT");
            if is_foreign || OTHER_VARIABLES.contains(&name.as_str()) {
                continue;
            }
            let Some((key, is_text)) = KEYS.iter().find(|(key, _)| variable_of(key) == *name) else {
                return Err(ConfigError::UnknownVariable { name: name.clone(), hint: nearest(name) });
            };
            if text.is_empty() {
                continue;
            }
            let value = match text.parse::<Value>() {
                Ok(value) if !is_text => value,
                Ok(_) | Err(_) => Value::from(text.as_str()),
            };
            values.push((*key, value));
        }
        Ok(Self(values))
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(ENVIRONMENT)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut dict = Dict::new();
        for (key, value) in &self.0 {
            let nested = figment::util::nest(key, value.clone());
            if let Value::Dict(_, nested) = nested {
                merge(&mut dict, nested);
            }
        }
        Ok(Profile::Default.collect(dict))
    }
}

const ENVIRONMENT: &str = "the environment";

fn merge(into: &mut Dict, from: Dict) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Dict(_, inner)), Value::Dict(_, new)) => merge(inner, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn first_value_error(error: figment::Error) -> ConfigError {
    let mut path = error.path.clone();
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "figment's own kinds, whose texts are good as they are"
    )]
    let message = match &error.kind {
        figment::error::Kind::UnknownField(field, known) => {
            // The path ends at the section; the field is what one looks for.
            if path.last() != Some(field) {
                path.push(field.clone());
            }
            let mut known = known.to_vec();
            known.sort_unstable();
            format!("unknown key; known here: {}", known.join(", "))
        }
        kind => kind.to_string(),
    };
    let key = path.join(".");
    let origin = match &error.metadata {
        Some(metadata) if metadata.name == ENVIRONMENT => variable_of(&key),
        Some(metadata) => metadata.name.to_string(),
        None => "settings".to_owned(),
    };
    ConfigError::Value { key, message, origin }
}

/// The known variable with the fewest changes, if it is near enough to be a slip.
fn nearest(name: &str) -> Option<String> {
    KEYS.iter()
        .map(|(key, _)| variable_of(key))
        .map(|variable| (n_changes(name, &variable), variable))
        .min()
        .filter(|(n_changes, _)| *n_changes <= 4)
        .map(|(_, variable)| variable)
}

/// Levenshtein's distance.
fn n_changes(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (r, above) in right.bytes().zip(row.iter().skip(1)) {
            before = (diagonal + usize::from(l != r)).min(before + 1).min(above + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
pub(super) fn keys() -> Vec<&'static str> {
    KEYS.iter().map(|(key, _)| *key).collect()
}

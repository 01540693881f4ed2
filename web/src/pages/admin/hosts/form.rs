//! The host form as plain values: what was typed, and what is sent.

use pbsweb_shared::api::hosts::{Host, HostCreate, HostUpdate};
use pbsweb_shared::host::Dialect;
use pbsweb_shared::ids::HostId;
use pbsweb_shared::names::HostName;

/// What the form holds, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostDraft {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) address: String,
    pub(super) port: String,
    /// The id of the host to go through; empty for none.
    pub(super) jump_host: String,
    pub(super) dialect: Dialect,
    pub(super) bin_folder: String,
    /// Names, separated by commas or blanks.
    pub(super) offered_queues: String,
    pub(super) keeps_output_in_place: bool,
    /// One a line; only for a new host.
    pub(super) host_keys: String,
}

impl Default for HostDraft {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            address: String::new(),
            port: "22".to_owned(),
            jump_host: String::new(),
            dialect: Dialect::OpenPbs,
            bin_folder: String::new(),
            offered_queues: String::new(),
            keeps_output_in_place: true,
            host_keys: String::new(),
        }
    }
}

impl HostDraft {
    /// A host as it stands.
    pub(super) fn of(host: &Host) -> Self {
        Self {
            name: host.name.to_string(),
            description: host.description.clone(),
            address: host.address.clone(),
            port: host.port.to_string(),
            jump_host: host.jump_host.map(|id| id.to_string()).unwrap_or_default(),
            dialect: host.dialect,
            bin_folder: host.bin_folder.clone(),
            offered_queues: host.offered_queues.join(", "),
            keeps_output_in_place: host.keeps_output_in_place,
            host_keys: String::new(),
        }
    }

    pub(super) fn name_error(&self) -> Option<String> {
        self.name.trim().parse::<HostName>().err().map(|error| format!("The name {error}."))
    }

    pub(super) fn address_error(&self) -> Option<String> {
        let address = self.address.trim();
        if address.is_empty() {
            Some("Type the name or address of the login node.".to_owned())
        } else if address.contains(char::is_whitespace) || address.contains('/') || address.contains('@') {
            Some("Only a name or an address, such as login.cluster.example; no user, no path.".to_owned())
        } else {
            None
        }
    }

    pub(super) fn port_error(&self) -> Option<String> {
        self.parse_port().is_none().then(|| "A whole number from 1 to 65535; 22 is usual.".to_owned())
    }

    pub(super) fn bin_folder_error(&self) -> Option<String> {
        let folder = self.bin_folder.trim();
        (!folder.is_empty() && !folder.starts_with('/'))
            .then(|| "An absolute path, such as /opt/pbs/bin.".to_owned())
    }

    /// Nothing is known to be wrong.
    pub(super) fn is_good(&self) -> bool {
        [self.name_error(), self.address_error(), self.port_error(), self.bin_folder_error()]
            .iter()
            .all(Option::is_none)
    }

    fn parse_port(&self) -> Option<u16> {
        match self.port.trim() {
            "" => Some(22),
            port => port.parse().ok().filter(|port| *port > 0),
        }
    }

    fn parse_queues(&self) -> Vec<String> {
        let is_separator = |c: char| c == ',' || c.is_whitespace();
        self.offered_queues.split(is_separator).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    fn parse_jump_host(&self) -> Option<HostId> {
        self.jump_host.parse().ok()
    }

    /// The body that adds the host.
    pub(super) fn to_create(&self) -> HostCreate {
        HostCreate {
            name: self.name.trim().to_owned(),
            description: self.description.trim().to_owned(),
            address: self.address.trim().to_owned(),
            port: self.parse_port(),
            jump_host: self.parse_jump_host(),
            dialect: Some(self.dialect),
            bin_folder: self.bin_folder.trim().to_owned(),
            offered_queues: self.parse_queues(),
            keeps_output_in_place: Some(self.keeps_output_in_place),
            host_keys: self
                .host_keys
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// The body that changes the host; its keys are changed elsewhere.
    pub(super) fn to_update(&self) -> HostUpdate {
        HostUpdate {
            name: Some(self.name.trim().to_owned()),
            description: Some(self.description.trim().to_owned()),
            address: Some(self.address.trim().to_owned()),
            port: self.parse_port(),
            jump_host: Some(self.parse_jump_host()),
            bin_folder: Some(self.bin_folder.trim().to_owned()),
            offered_queues: Some(self.parse_queues()),
            keeps_output_in_place: Some(self.keeps_output_in_place),
            is_enabled: None,
            host_keys: None,
        }
    }
}

/// A family of schedulers in words.
pub(super) const fn dialect_label(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenPbs => "OpenPBS or PBS Professional",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> HostDraft {
        HostDraft { name: "hpc1".into(), address: "login.example".into(), ..HostDraft::default() }
    }

    #[test]
    fn a_plain_host_is_good() {
        let draft = draft();
        assert!(draft.is_good());
        let create = draft.to_create();
        assert_eq!((create.port, create.jump_host, create.offered_queues.len()), (Some(22), None, 0));
    }

    #[test]
    fn each_field_says_what_is_wrong() {
        let bad = HostDraft {
            name: "HPC 1".into(),
            address: "alice@login.example".into(),
            port: "0".into(),
            bin_folder: "pbs/bin".into(),
            ..HostDraft::default()
        };
        for error in [bad.name_error(), bad.address_error(), bad.port_error(), bad.bin_folder_error()] {
            assert!(error.is_some());
        }
        assert!(!bad.is_good());
    }

    #[test]
    fn queues_and_keys_are_split() {
        let draft = HostDraft {
            offered_queues: "workq, long\nshort".into(),
            host_keys: "ssh-ed25519 AAAA\n\n".into(),
            ..draft()
        };
        assert_eq!(draft.to_create().offered_queues, ["workq", "long", "short"]);
        assert_eq!(draft.to_create().host_keys, ["ssh-ed25519 AAAA"]);
    }

    #[test]
    fn taking_the_jump_host_away_is_a_change() {
        assert_eq!(draft().to_update().jump_host, Some(None));
    }
}

//! What may be where in the tree, and where links may lead.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::error::{ArchiveError, shown};

/// As `NAME_MAX` and `PATH_MAX` of Linux.
const MAX_NAME: usize = 255;
const MAX_PATH: usize = 4096;
const MAX_DEPTH: usize = 128;

/// A name inside of the archive: relative, without `.` and `..`, at least one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryPath {
    parts: Vec<Vec<u8>>,
}

impl EntryPath {
    /// `None` is the folder itself, `./`.
    pub(super) fn parse(raw: &[u8]) -> Result<Option<Self>, ArchiveError> {
        let bad = |why| Err(ArchiveError::BadName { entry: shown(raw), why });
        if raw.is_empty() {
            return bad("it is empty");
        }
        if raw.starts_with(b"/") {
            return Err(ArchiveError::Absolute { entry: shown(raw) });
        }
        if raw.contains(&0) {
            return bad("it contains a NUL character");
        }
        if raw.len() > MAX_PATH {
            return bad("it is longer than 4096 bytes");
        }
        let parts: Vec<_> = split(raw).map(<[u8]>::to_vec).collect();
        if parts.iter().any(|part| part == b"..") {
            return Err(ArchiveError::Parent { entry: shown(raw) });
        }
        if parts.iter().any(|part| part.len() > MAX_NAME) {
            return bad("a part of it is longer than 255 bytes");
        }
        if parts.len() > MAX_DEPTH {
            return bad("it is deeper than 128 folders");
        }
        Ok((!parts.is_empty()).then_some(Self { parts }))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.parts.join(&b'/')
    }

    fn shown(&self) -> String {
        shown(&self.bytes())
    }
}

/// The parts of a path that mean something.
fn split(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    /// A folder; whether it had an entry of its own, or only something in it.
    Folder {
        has_entry: bool,
    },
    File,
    Symlink,
}

/// All names seen so far. They are kept as digests: what is asked is only whether a name is there.
pub(super) struct Tree {
    nodes: HashMap<[u8; 16], Node>,
    max_nodes: u64,
    max_entries: u64,
    top: Top,
}

/// Whether there is one folder with everything in it.
enum Top {
    Unknown,
    One(Vec<u8>),
    None,
}

type Key = [u8; 16];

impl Tree {
    pub(super) fn new(max_entries: u64) -> Self {
        // Folders without an entry of their own count as well, or a few long names would make many.
        Self {
            nodes: HashMap::new(),
            max_nodes: max_entries.saturating_mul(2),
            max_entries,
            top: Top::Unknown,
        }
    }

    /// Tells whether the folder is new; a second entry for it is harmless and superfluous.
    pub(super) fn add_folder(&mut self, path: &EntryPath) -> Result<bool, ArchiveError> {
        let key = self.enter(path)?;
        self.note_top(path, true);
        match self.nodes.get(&key) {
            Some(Node::Folder { has_entry: true }) => return Ok(false),
            Some(Node::File | Node::Symlink) => return Err(ArchiveError::Duplicate { entry: path.shown() }),
            Some(Node::Folder { has_entry: false }) | None => {}
        }
        self.insert(key, Node::Folder { has_entry: true })?;
        Ok(true)
    }

    pub(super) fn add_file(&mut self, path: &EntryPath) -> Result<(), ArchiveError> {
        self.add_leaf(path, Node::File)
    }

    /// Takes a symbolic link if it leads to somewhere inside. That is plain only for targets that go up first and
    /// then down: going up again after a name means up from wherever that name leads. No entry lies below a link
    /// (see `enter`), so the link's own folder is where it seems to be; going up from it is counted, and going
    /// down crosses only links that were checked the same way.
    pub(super) fn add_symlink(&mut self, path: &EntryPath, target: &[u8]) -> Result<(), ArchiveError> {
        self.add_leaf(path, Node::Symlink)?;
        let escapes = || ArchiveError::LinkEscapes { entry: path.shown(), target: shown(target) };
        if target.is_empty() || target.contains(&0) || target.len() > MAX_PATH {
            return Err(ArchiveError::BadName {
                entry: path.shown(),
                why: "its target is empty or too long",
            });
        }
        if target.starts_with(b"/") {
            return Err(escapes());
        }
        let parts: Vec<_> = split(target).collect();
        let ups = parts.iter().take_while(|part| **part == b"..").count();
        if parts.iter().skip(ups).any(|part| *part == b"..") {
            return Err(ArchiveError::LinkUnclear { entry: path.shown(), target: shown(target) });
        }
        let depth = path.parts.len() - 1;
        if ups > depth {
            return Err(escapes());
        }
        if ups == depth {
            // It leads to where the top folder is, so the top folder cannot be moved away from there.
            self.top = Top::None;
        }
        Ok(())
    }

    /// Takes a hard link if it leads to a file seen before, and gives the file's name.
    pub(super) fn add_hardlink(
        &mut self,
        path: &EntryPath,
        target: &[u8],
    ) -> Result<EntryPath, ArchiveError> {
        let without_file = || ArchiveError::LinkWithoutFile { entry: path.shown(), target: shown(target) };
        let file = match EntryPath::parse(target) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(without_file()),
            Err(_) => {
                return Err(ArchiveError::LinkEscapes { entry: path.shown(), target: shown(target) });
            }
        };
        let key = keys(&file).last();
        if key.and_then(|key| self.nodes.get(&key)) != Some(&Node::File) {
            return Err(without_file());
        }
        self.add_leaf(path, Node::File)?;
        Ok(file)
    }

    /// The one top folder, if there is one with a name that can be passed on.
    pub(super) fn top(&self) -> Option<String> {
        match &self.top {
            Top::One(name) => String::from_utf8(name.clone()).ok(),
            Top::Unknown | Top::None => None,
        }
    }

    fn add_leaf(&mut self, path: &EntryPath, node: Node) -> Result<(), ArchiveError> {
        let key = self.enter(path)?;
        self.note_top(path, false);
        if self.nodes.contains_key(&key) {
            return Err(ArchiveError::Duplicate { entry: path.shown() });
        }
        self.insert(key, node)
    }

    /// Goes down to the folder of an entry, and gives the entry's own key.
    fn enter(&mut self, path: &EntryPath) -> Result<Key, ArchiveError> {
        let mut own = Key::default();
        for (at, key) in keys(path).enumerate() {
            if at + 1 == path.parts.len() {
                own = key;
                break;
            }
            match self.nodes.get(&key) {
                Some(Node::Folder { .. }) => {}
                Some(Node::Symlink) => return Err(ArchiveError::BelowLink { entry: path.shown() }),
                Some(Node::File) => return Err(ArchiveError::BelowFile { entry: path.shown() }),
                None => self.insert(key, Node::Folder { has_entry: false })?,
            }
        }
        Ok(own)
    }

    fn insert(&mut self, key: Key, node: Node) -> Result<(), ArchiveError> {
        self.nodes.insert(key, node);
        if self.nodes.len() as u64 > self.max_nodes {
            return Err(ArchiveError::TooManyEntries { limit: self.max_entries });
        }
        Ok(())
    }

    fn note_top(&mut self, path: &EntryPath, is_folder: bool) {
        let first = path.parts.first().filter(|_| is_folder || path.parts.len() > 1);
        let is_same = match (&self.top, first) {
            (Top::Unknown, Some(first)) => {
                self.top = Top::One(first.clone());
                return;
            }
            (Top::One(top), Some(first)) => top == first,
            (Top::None, _) | (_, None) => false,
        };
        if !is_same {
            self.top = Top::None;
        }
    }
}

/// The keys of a path's folders from the top, and its own last.
fn keys(path: &EntryPath) -> impl Iterator<Item = Key> {
    path.parts.iter().scan(Sha256::new(), |digest, part| {
        digest.update(part);
        // No name contains it.
        digest.update(b"/");
        let mut key = Key::default();
        key.iter_mut().zip(digest.clone().finalize()).for_each(|(into, byte)| *into = byte);
        Some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> EntryPath {
        EntryPath::parse(text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn links_may_stay_inside_only() {
        let check = |entry: &str, target: &str, expected: &str| {
            let got = match Tree::new(100).add_symlink(&path(entry), target.as_bytes()) {
                Ok(()) => "taken",
                Err(ArchiveError::LinkEscapes { .. }) => "escapes",
                Err(ArchiveError::LinkUnclear { .. }) => "unclear",
                Err(error) => panic!("{error}"),
            };
            assert_eq!(got, expected, "{entry} -> {target}");
        };
        check("a", "b", "taken");
        check("a/b/c", "../../d", "taken");
        check("a", ".", "taken");
        check("a", "..", "escapes");
        check("a/b", "../../c", "escapes");
        check("a/b", "./.././../c", "escapes");
        check("a", "/etc/passwd", "escapes");
        check("a", "b/../../c", "unclear");
        check("a", "b/..", "unclear");
    }

    #[test]
    fn the_top_folder_is_the_one_all_is_in() {
        let check = |entries: &[&str], expected: Option<&str>| {
            let mut tree = Tree::new(100);
            for entry in entries {
                match entry.split_once(" -> ") {
                    Some((link, target)) => tree.add_symlink(&path(link), target.as_bytes()).unwrap(),
                    None if entry.ends_with('/') => drop(tree.add_folder(&path(entry)).unwrap()),
                    None => tree.add_file(&path(entry)).unwrap(),
                }
            }
            assert_eq!(tree.top().as_deref(), expected, "{entries:?}");
        };
        check(&["heat/", "heat/a", "./heat/b/c"], Some("heat"));
        check(&["heat/a", "heat/b -> a", "heat/d/e -> ../a"], Some("heat"));
        check(&["heat/a", "heat/b -> ../heat/a"], None);
        check(&["heat/a", "other/b"], None);
        check(&["heat/a", "README"], None);
        check(&["README"], None);
        check(&["heat/"], Some("heat"));
    }
}

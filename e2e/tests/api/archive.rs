//! Archives, good and bad.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

/// An archive that is made entry by entry, also with what `tar` itself would refuse to write.
pub(crate) struct Tree(Builder<Vec<u8>>);

impl Tree {
    pub(crate) fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    fn entry(mut self, kind: EntryType, path: &str, mode: u32, link: &str, data: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        // Written byte by byte: the setters refuse what these tests need.
        let bytes = header.as_mut_bytes();
        bytes[..path.len()].copy_from_slice(path.as_bytes());
        bytes[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(1_700_000_000);
        header.set_size(data.len() as u64);
        header.set_cksum();
        self.0.append(&header, data).unwrap();
        self
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.entry(EntryType::Regular, path, 0o644, "", text.as_bytes())
    }

    pub(crate) fn program(self, path: &str, text: &str) -> Self {
        self.entry(EntryType::Regular, path, 0o755, "", text.as_bytes())
    }

    pub(crate) fn zeros(self, path: &str, n_bytes: usize) -> Self {
        self.entry(EntryType::Regular, path, 0o644, "", &vec![0; n_bytes])
    }

    pub(crate) fn link(self, path: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, path, 0o777, target, b"")
    }

    pub(crate) fn hard_link(self, path: &str, target: &str) -> Self {
        self.entry(EntryType::Link, path, 0o644, target, b"")
    }

    pub(crate) fn device(self, path: &str) -> Self {
        self.entry(EntryType::Char, path, 0o666, "", b"")
    }

    pub(crate) fn tar(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }

    pub(crate) fn tar_gz(self) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.tar()).unwrap();
        encoder.finish().unwrap()
    }

    pub(crate) fn tar_zst(self) -> Vec<u8> {
        zstd::encode_all(self.tar().as_slice(), 1).unwrap()
    }
}

/// A small application whose build prints, in steps, and makes a program that says its arguments.
pub(crate) fn hello() -> Tree {
    let makefile = "all: hello\n\
                    hello: hello.sh\n\
                    \t@echo building hello\n\
                    \tcp hello.sh hello && chmod +x hello\n\
                    \t@echo built hello\n\
                    clean:\n\
                    \trm -f hello\n\
                    \t@echo cleaned\n";
    Tree::new()
        .file("hello-1.0/Makefile", makefile)
        .program("hello-1.0/hello.sh", "#!/bin/sh\necho \"hello from $PBS_JOBNAME: $*\"\n")
        .link("hello-1.0/README", "Makefile")
}

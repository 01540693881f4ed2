//! One private PostgreSQL for the whole process, and in it a database for each test: a copy of a migrated one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use pbsweb::postgres::{Durability, PrivatePostgres};
use pbsweb::store::Store;

struct Shared {
    server: PrivatePostgres,
    n_made: AtomicU32,
}

static SHARED: OnceLock<Shared> = OnceLock::new();

const TEMPLATE: &str = "migrated";

fn shared() -> &'static Shared {
    SHARED.get_or_init(|| {
        // Never dropped: the database server's minder stops it and removes the folder when this process ends.
        let folder = std::env::temp_dir().join(format!("pbsweb-e2e-{}", uuid::Uuid::new_v4().simple()));
        let server = PrivatePostgres::start_with(&folder, Durability::Scratch)
            .unwrap_or_else(|error| panic!("these tests need a PostgreSQL of their own: {error}"));
        let url = server.create_database(TEMPLATE, None).unwrap();
        let store = Store::connect(&url, 2).unwrap();
        store.migrate().unwrap();
        Shared { server, n_made: AtomicU32::new(0) }
    })
}

/// PostgreSQL refuses to run as root; its own user has to get to its folder.
pub(crate) fn open_to_others(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).unwrap();
}

/// The address of a fresh database with all tables. Blocks.
///
/// # Panics
/// When there is no PostgreSQL.
#[must_use]
pub fn fresh_database() -> String {
    let shared = shared();
    let name = format!("test_{}", shared.n_made.fetch_add(1, Ordering::Relaxed));
    // Somebody may still be on their way out of the template, which must be alone while it is copied.
    for _ in 0..500 {
        match shared.server.create_database(&name, Some(TEMPLATE)) {
            Ok(url) => return url,
            Err(error) => {
                let words = format!("{:?}", error);
                assert!(words.contains("being accessed by other users"), "{words}");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }
    panic!("the template database stays in use");
}

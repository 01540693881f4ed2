//! The database's own rules: migrations go up and down, `schema.rs` describes what they make, each foreign key has its
//! index, and the records only grow.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says where")]

use std::fmt::Write as _;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text};
use pbsweb::postgres::{Durability, PrivatePostgres};
use pbsweb::store::Store;

mod due;
mod search;
mod together;

struct Database {
    postgres: PrivatePostgres,
    _folder: tempfile::TempDir,
}

impl Database {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("pbsweb-").tempdir_in("/tmp").unwrap();
        let postgres =
            PrivatePostgres::start_with(&folder.path().join("postgres"), Durability::Scratch).unwrap();
        Self { postgres, _folder: folder }
    }

    fn migrated(&self) -> PgConnection {
        let store = Store::connect(&self.postgres.url(), 2).unwrap();
        store.migrate().unwrap();
        PgConnection::establish(&self.postgres.url()).unwrap()
    }
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Bool)]
    is_nullable: bool,
    #[diesel(sql_type = Array<Text>)]
    primary_key: Vec<String>,
}

fn diesel_type(postgres: &str) -> &'static str {
    match postgres {
        "uuid" => "Uuid",
        "text" => "Text",
        "_text" => "Array<Text>",
        "_timestamptz" => "Array<Timestamptz>",
        "bool" => "Bool",
        "timestamptz" => "Timestamptz",
        "int4" => "Int4",
        "int8" => "Int8",
        "bytea" => "Bytea",
        "jsonb" => "Jsonb",
        other => panic!("no diesel type is known for {other}"),
    }
}

/// The schema module that describes the database as it is.
fn describe(connection: &mut PgConnection) -> String {
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT c.relname::text AS table_name, a.attname::text AS column_name, t.typname::text AS type_name, \
                NOT a.attnotnull AS is_nullable, \
                (SELECT array_agg(k.attname::text ORDER BY u.place) FROM pg_index i \
                 CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS u (number, place) \
                 JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = u.number \
                 WHERE i.indrelid = c.oid AND i.indisprimary) AS primary_key \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         JOIN pg_type t ON t.oid = a.atttypid \
         WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT LIKE '\\_\\_diesel%' \
         ORDER BY c.relname, a.attnum",
    )
    .load(connection)
    .unwrap();
    let mut text = String::from(
        "//! The tables, generated from the migrated database; a test compares the two.\n\
         //!\n\
         //! To write it anew after a migration: `WRITE_SCHEMA=1 cargo test -p pbsweb --test database`.\n\
         #![allow(missing_docs, reason = \"the columns are described by the comments in migrations/\")]\n",
    );
    let mut tables: Vec<&str> = Vec::new();
    for column in &columns {
        if tables.last() != Some(&column.table_name.as_str()) {
            if !tables.is_empty() {
                text.push_str("    }\n}\n");
            }
            tables.push(&column.table_name);
            let key = column.primary_key.join(", ");
            write!(text, "\ndiesel::table! {{\n    {} ({key}) {{\n", column.table_name).unwrap();
        }
        let kind = diesel_type(&column.type_name);
        let kind = if column.is_nullable { format!("Nullable<{kind}>") } else { kind.to_owned() };
        writeln!(text, "        {} -> {kind},", column.column_name).unwrap();
    }
    text.push_str("    }\n}\n\ndiesel::allow_tables_to_appear_in_same_query!(\n");
    for table in tables {
        writeln!(text, "    {table},").unwrap();
    }
    text.push_str(");\n");
    text
}

#[test]
fn the_schema_module_describes_the_migrated_database() {
    let database = Database::start();
    let described = describe(&mut database.migrated());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.rs");
    if std::env::var_os("WRITE_SCHEMA").is_some() {
        std::fs::write(&path, &described).unwrap();
    }
    // Rows, not bytes: the formatter may lay the file out in its own way.
    let rows = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(rows(&written), rows(&described), "api/src/store/schema.rs is not what the migrations make");
}

#[test]
fn every_migration_has_a_way_down() {
    let database = Database::start();
    let store = Store::connect(&database.postgres.url(), 2).unwrap();
    let done = store.migrate().unwrap();
    assert!(!done.is_empty());
    store.revert_all().unwrap();
    let mut connection = PgConnection::establish(&database.postgres.url()).unwrap();
    let left = describe_tables(&mut connection);
    assert_eq!(left, Vec::<String>::new(), "the ways down leave tables behind");
    assert_eq!(store.migrate().unwrap(), done, "they cannot be gone up again");
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn describe_tables(connection: &mut PgConnection) -> Vec<String> {
    let names: Vec<Name> = diesel::sql_query(
        "SELECT tablename::text AS name FROM pg_tables \
         WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_diesel%' ORDER BY 1",
    )
    .load(connection)
    .unwrap();
    names.into_iter().map(|row| row.name).collect()
}

#[test]
fn every_foreign_key_has_an_index() {
    let database = Database::start();
    let bare: Vec<Name> = diesel::sql_query(
        "SELECT format('%s.%s', r.conrelid::regclass, r.conname) AS name FROM pg_constraint r \
         WHERE r.contype = 'f' AND NOT EXISTS (\
             SELECT 1 FROM pg_index i WHERE i.indrelid = r.conrelid AND i.indkey[0] = r.conkey[1])",
    )
    .load(&mut database.migrated())
    .unwrap();
    let bare: Vec<String> = bare.into_iter().map(|row| row.name).collect();
    assert_eq!(bare, Vec::<String>::new(), "foreign keys without an index");
}

#[test]
fn the_records_only_grow() {
    let database = Database::start();
    let mut connection = database.migrated();
    connection
        .batch_execute("INSERT INTO activity (at, action, detail) VALUES (now(), 'test.write', 'first')")
        .unwrap();
    for statement in [
        "UPDATE activity SET detail = 'changed'",
        "DELETE FROM activity",
        "TRUNCATE activity CASCADE",
        "UPDATE job_events SET state = 'completed'",
        "DELETE FROM job_events",
    ] {
        let error = connection.batch_execute(statement).unwrap_err().to_string();
        assert!(error.contains("only grows"), "{statement}: {error}");
    }
}

/// Who watches a host locks its watch and then writes rows that name the host; who removes it must not wait the other way round.
#[test]
fn a_host_is_removed_while_it_is_watched() {
    let database = Database::start();
    let mut watcher = database.migrated();
    let host: pbsweb_shared::ids::HostId = "01900000-0000-7000-8000-000000000001".parse().unwrap();
    watcher
        .batch_execute(&format!(
            "INSERT INTO hosts VALUES ('{host}', 'h', '', 'h', 22, NULL, 'openpbs', '', '{{}}', false, true, '{{}}', now()); \
             INSERT INTO host_watches (host_id) VALUES ('{host}')"
        ))
        .unwrap();
    watcher.batch_execute("BEGIN; SELECT 1 FROM host_watches FOR UPDATE").unwrap();
    let mut remover = PgConnection::establish(&database.postgres.url()).unwrap();
    let pid = backend(&mut remover).unwrap();
    let removing = std::thread::spawn(move || {
        remover.transaction(|connection| pbsweb::store::hosts::delete_host(connection, host)).unwrap()
    });
    let waits = format!("SELECT pid FROM pg_stat_activity WHERE pid = {pid} AND wait_event_type = 'Lock'");
    let mut observer = PgConnection::establish(&database.postgres.url()).unwrap();
    while diesel::sql_query(&waits).load::<Backend>(&mut observer).unwrap().is_empty() {
        assert!(!removing.is_finished(), "it did not wait for the watch");
    }
    watcher
        .batch_execute(&format!(
            "INSERT INTO host_health (host_id, at, status) VALUES ('{host}', now(), 'up'); COMMIT"
        ))
        .unwrap();
    assert_eq!(removing.join().unwrap(), 1);
}

#[derive(QueryableByName)]
struct Backend {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pid: i32,
}

fn backend(connection: &mut PgConnection) -> QueryResult<i32> {
    diesel::sql_query("SELECT pg_backend_pid() AS pid").get_result::<Backend>(connection).map(|row| row.pid)
}

/// Connections are lent without being asked whether they are alive.
#[tokio::test]
async fn connections_that_postgresql_ended_are_replaced_unnoticed() {
    let database = tokio::task::spawn_blocking(Database::start).await.unwrap();
    let store = Store::connect(&database.postgres.url(), 4).unwrap();
    for _ in 0..2 {
        // All of the pool's at once, each held until the others have one too.
        let meeting = std::sync::Arc::new(std::sync::Barrier::new(4));
        let held = (0..4).map(|_| {
            let (store, meeting) = (store.clone(), std::sync::Arc::clone(&meeting));
            tokio::spawn(async move {
                let meet = move |connection: &mut PgConnection| {
                    meeting.wait();
                    backend(connection)
                };
                store.query(meet).await.unwrap()
            })
        });
        let held = futures_util::future::join_all(held).await;
        let pids: Vec<String> = held.into_iter().map(|pid| pid.unwrap().to_string()).collect();
        let mut other = PgConnection::establish(&database.postgres.url()).unwrap();
        let end =
            format!("SELECT pg_terminate_backend(pid, 10000) FROM unnest(ARRAY[{}]) AS pid", pids.join(","));
        other.batch_execute(&end).unwrap();
        let read = store.read(backend).await.unwrap().to_string();
        let written = store.query(backend).await.unwrap().to_string();
        assert!(!pids.contains(&read) && !pids.contains(&written), "{read} {written} {pids:?}");
    }
    // What is wrong with a query is not the connection's fault.
    let wrong = store.read(|connection| connection.batch_execute("SELECT nothing")).await;
    assert!(wrong.is_err());
    tokio::task::spawn_blocking(move || drop(database)).await.unwrap();
}

#[derive(QueryableByName, Debug, PartialEq, Eq)]
struct Shape {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    must_be_given: bool,
}

/// What a server relies on that runs while the next release migrates: each column, and whether an insert has to name it.
fn shapes(connection: &mut PgConnection) -> Vec<Shape> {
    diesel::sql_query(
        "SELECT (table_name || '.' || column_name)::text AS name, udt_name::text AS kind, \
                is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AS must_be_given \
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' ORDER BY 1",
    )
    .load(connection)
    .unwrap()
}

/// Servers are upgraded one after the other: the former release goes on reading and writing on the new tables. See
/// docs/DEVELOPING.md, "A new migration".
#[test]
fn migrations_only_expand() {
    use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
    let database = Database::start();
    let mut connection = PgConnection::establish(&database.postgres.url()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let migrations = FileBasedMigrations::from_path(folder).unwrap();
    let mut before: Vec<Shape> = Vec::new();
    while connection.has_pending_migration(migrations.clone()).unwrap() {
        let version = connection.run_next_migration(migrations.clone()).unwrap().to_string();
        let after = shapes(&mut connection);
        let table = |shape: &Shape| shape.name.split('.').next().unwrap_or_default().to_owned();
        let tables: Vec<String> = before.iter().map(table).collect();
        for shape in &before {
            assert!(after.contains(shape), "migration {version} takes away or changes {shape:?}");
        }
        for shape in &after {
            let is_new = !before.contains(shape) && tables.contains(&table(shape));
            assert!(
                !(is_new && shape.must_be_given),
                "migration {version}: no former release gives {shape:?}"
            );
        }
        before = after;
    }
    assert!(!before.is_empty());
}

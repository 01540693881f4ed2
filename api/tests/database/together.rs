//! Questions that are put to the database together: right for each, as new as questions of one's own, and few statements.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer};
use futures_util::future::{join_all, try_join_all};
use pbsweb::store::Store;
use pbsweb::store::together::Together;

use super::Database;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Integer)]
    value: i32,
}

/// The values of a table; a lock holds up the answer after it was read.
fn values(connection: &mut PgConnection, ids: &[i32]) -> QueryResult<HashMap<i32, i32>> {
    let rows: Vec<Row> = diesel::sql_query("SELECT id, value FROM things WHERE id = ANY($1)")
        .bind::<Array<Integer>, _>(ids)
        .load(connection)?;
    connection.batch_execute(
        "SET lock_timeout = 0; SELECT pg_advisory_lock_shared(1), pg_advisory_unlock_shared(1)",
    )?;
    Ok(rows.into_iter().map(|row| (row.id, row.value)).collect())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn count(connection: &mut PgConnection, sql: &str) -> i64 {
    diesel::sql_query(sql).get_result::<Count>(connection).unwrap().n
}

/// Waits until so many of the store's statements wait for the lock.
async fn wait_for_waiting(other: &mut PgConnection, n: i64) {
    let waiting = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event = 'advisory'";
    let all_wait = async {
        while count(other, waiting) < n {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all_wait).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_as_new_as_its_question() {
    let database = tokio::task::spawn_blocking(Database::start).await.unwrap();
    let store = Store::connect(&database.postgres.url(), 4).unwrap();
    let mut other = PgConnection::establish(&database.postgres.url()).unwrap();
    other
        .batch_execute(
            "CREATE TABLE things (id int PRIMARY KEY, value int NOT NULL); \
             INSERT INTO things SELECT n, 0 FROM generate_series(1, 50) AS n; \
             SELECT pg_advisory_lock(1)",
        )
        .unwrap();
    let things = Arc::new(Together::new(&store, values));
    let ask = |id: i32| {
        let things = Arc::clone(&things);
        Box::pin(async move { things.ask(id).await.unwrap() })
    };
    // As many as are put at once have read the old value, and hang.
    let first = tokio::spawn(ask(1));
    wait_for_waiting(&mut other, 1).await;
    let second = tokio::spawn(ask(2));
    wait_for_waiting(&mut other, 2).await;
    other.batch_execute("UPDATE things SET value = id").unwrap();
    let mut late: Vec<_> = (1..=51).chain(1..=51).map(ask).collect();
    std::future::poll_fn(|context| {
        for asker in &mut late {
            assert!(asker.as_mut().poll(context).is_pending());
        }
        Poll::Ready(())
    })
    .await;
    let before = store.n_statements();
    other.batch_execute("SELECT pg_advisory_unlock(1)").unwrap();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Some(0), Some(0)));
    let expected = || (1..=51).map(|id| (id <= 50).then_some(id));
    assert_eq!(join_all(late).await, expected().chain(expected()).collect::<Vec<_>>());
    let n_statements = store.n_statements() - before;
    assert!(n_statements < 10, "{n_statements} statements for 102 questions");
    tokio::task::spawn_blocking(move || drop(database)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_learns_what_went_wrong_and_may_ask_again() {
    let database = tokio::task::spawn_blocking(Database::start).await.unwrap();
    let store = Store::connect(&database.postgres.url(), 4).unwrap();
    let things = Together::new(&store, values);
    for answer in join_all((0..20).map(|id| things.ask(id))).await {
        let error = format!("{:?}", answer.unwrap_err());
        assert!(error.contains("things"), "{error}");
    }
    let mut other = PgConnection::establish(&database.postgres.url()).unwrap();
    other.batch_execute("CREATE TABLE things (id int, value int); INSERT INTO things VALUES (7, 8)").unwrap();
    let answers = try_join_all([7, 8].map(|id| things.ask(id))).await.unwrap();
    assert_eq!(answers, [Some(8), None]);
    tokio::task::spawn_blocking(move || drop(database)).await.unwrap();
}

fn panics(_: &mut PgConnection, ids: &[i32]) -> QueryResult<HashMap<i32, i32>> {
    assert_eq!(ids, [0], "a bug");
    Ok(HashMap::from([(0, 1)]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bug_in_a_query_stops_nobody_else() {
    let database = tokio::task::spawn_blocking(Database::start).await.unwrap();
    let store = Store::connect(&database.postgres.url(), 4).unwrap();
    let things = Arc::new(Together::new(&store, panics));
    let ask = |id: i32| {
        let things = Arc::clone(&things);
        tokio::spawn(async move { things.ask(id).await.unwrap() })
    };
    for _ in 0..3 {
        assert!(ask(1).await.unwrap_err().is_panic());
        assert_eq!(ask(0).await.unwrap(), Some(1));
    }
    tokio::task::spawn_blocking(move || drop(database)).await.unwrap();
}

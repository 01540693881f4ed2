//! Takes on actions that no server is at: left by one that died, or waiting for their answer to be asked for again.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::run::{LEASE, give_up, run};
use crate::app::App;
use crate::store::StoreError;
use crate::store::job_actions::take_due_actions;

/// How often due actions are looked for.
const PERIOD: Duration = Duration::from_secs(1);

/// What nobody was at for so long is no longer what its user expects to happen.
const STALE: TimeDelta = TimeDelta::minutes(15);

/// Starts the reconciler's task.
pub fn start_reconciler(app: &Arc<App>) {
    app.every(PERIOD, |app| async move {
        if let Err(error) = take_on(&app).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "due actions could not be read");
        }
    });
}

async fn take_on(app: &Arc<App>) -> Result<(), StoreError> {
    let now = app.replica.now();
    let due = app.store.query(move |connection| take_due_actions(connection, now, now + LEASE)).await?;
    for (action, since) in due {
        let background = Arc::clone(app);
        app.spawn(async move {
            if now - since > STALE {
                give_up(&background, action).await;
            } else {
                run(&background, action).await;
            }
        });
    }
    Ok(())
}

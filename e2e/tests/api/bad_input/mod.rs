//! Bad input: a clear problem with a stable code and the field named, the server still serving, the database right, and
//! nothing lost that was accepted before.

mod archives;
mod bodies;
mod builds;
mod credentials;
mod hosts;
mod scripts;

use pbsweb_e2e::User;
use pbsweb_shared::api::applications::Application;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::page::Page;

/// The server serves, and what the user has is this many applications and jobs.
async fn still_serves(user: &User, n_applications: usize, n_jobs: usize) {
    let _ = user.get("//readyz").await.expect(200);
    assert_eq!(user.read::<Page<Application>>("/applications").await.items.len(), n_applications);
    assert_eq!(user.read::<Page<Job>>("/jobs").await.items.len(), n_jobs);
}

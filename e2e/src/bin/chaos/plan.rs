//! The schedule of faults: all of it is drawn from the seed before anything starts. Each fault waits for a number of accepted
//! submissions, not for a time, so that the same seed does the same to a quick machine and to a slow one.

use std::time::Duration;

use pbsweb_e2e::proxy::{Harm, Mischief, Way};
use pbsweb_sim::{CutPoint, Fault};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// A submission's program is about so long; what is cut beyond it hits the one after.
const COMMAND_BYTES: usize = 10_000;

/// Its answer, with what the protocol adds.
const ANSWER_BYTES: usize = 600;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// kill -9 of a server, which starts again after this time.
    KillReplica { replica: usize, away: Duration },
    /// PostgreSQL is stopped in immediate mode, and started again.
    RestartDatabase,
    /// The scheduler is started again.
    RestartScheduler { host: usize, down: Duration },
    /// The network, at a byte.
    Network { host: usize, mischief: Mischief },
    /// Every connection is cut, and new ones are refused.
    Refuse { host: usize, time: Duration, cuts: bool },
    /// The network is slow.
    Slow { host: usize, time: Duration },
    /// The simulated host, for its next occasions.
    Host { host: usize, fault: Fault, times: u32 },
    /// The simulated host, for a time.
    HostFor { host: usize, fault: Fault, time: Duration },
}

/// When, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    /// So many submissions are accepted.
    pub(crate) at: usize,
    /// What happens then.
    pub(crate) trouble: Trouble,
}

/// What is planned for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    pub(crate) submissions: usize,
    pub(crate) faults: usize,
    pub(crate) hosts: usize,
    pub(crate) replicas: usize,
    /// Only the first so many submissions see what takes minutes to settle: a qsub that dies at the scheduler's door is proved
    /// to have made no job only by two minutes of silence.
    pub(crate) slow_until: usize,
}

/// The schedule of a seed.
pub(crate) fn plan(seed: u64, scope: Scope) -> Vec<Planned> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..scope.faults)
        .map(|index| {
            let at = (index * scope.submissions) / scope.faults.max(1);
            Planned { at, trouble: trouble(&mut rng, scope, at) }
        })
        .collect()
}

fn trouble(rng: &mut StdRng, scope: Scope, at: usize) -> Trouble {
    let host = rng.random_range(0..scope.hosts);
    let host_fault = |fault, times| Trouble::Host { host, fault, times };
    let is_early = at < scope.slow_until;
    match rng.random_range(0..100) {
        0..6 => Trouble::KillReplica {
            replica: rng.random_range(0..scope.replicas),
            away: milliseconds(rng, 0, 2_000),
        },
        6..8 => Trouble::RestartDatabase,
        8..36 => Trouble::Network { host, mischief: cut(rng) },
        36..44 => {
            let time = milliseconds(rng, 100, 4_000);
            Trouble::Network { host, mischief: Mischief { what: Harm::Stall(time), ..cut(rng) } }
        }
        44..48 => Trouble::Slow { host, time: milliseconds(rng, 200, 2_000) },
        48..53 => Trouble::Refuse { host, time: milliseconds(rng, 50, 1_500), cuts: rng.random() },
        53..69 => {
            let points = [
                CutPoint::BeforeExec,
                CutPoint::AfterExecStart,
                CutPoint::BeforeSubmit,
                CutPoint::AfterSubmit,
                CutPoint::BeforeAnswer,
            ];
            let at = points.choose(rng).copied().unwrap_or(CutPoint::AfterSubmit);
            host_fault(Fault::Cut { at, matching: None }, 1)
        }
        69..73 => host_fault(Fault::SubmitSilent, rng.random_range(1..=3)),
        73..77 => {
            let whole = rng.random();
            host_fault(Fault::SubmitKilled { accepted: !is_early || rng.random(), whole }, 1)
        }
        77..80 if is_early => host_fault(Fault::SubmitKilled { accepted: false, whole: rng.random() }, 1),
        77..80 => Trouble::HostFor { host, fault: Fault::SubmitHangs, time: milliseconds(rng, 500, 3_000) },
        80..83 if is_early => Trouble::RestartScheduler { host, down: milliseconds(rng, 50, 1_500) },
        80..83 => Trouble::HostFor { host, fault: Fault::ServerDown, time: milliseconds(rng, 100, 1_500) },
        83..86 => Trouble::HostFor { host, fault: Fault::ServerHangs, time: milliseconds(rng, 100, 2_000) },
        86..89 => Trouble::HostFor { host, fault: Fault::ListingHangs, time: milliseconds(rng, 500, 4_000) },
        89..92 => {
            let fault = Fault::ListingRefused { text: "End of file".to_owned(), status: 171 };
            host_fault(fault, rng.random_range(1..=4))
        }
        92..94 => Trouble::HostFor {
            host,
            fault: Fault::NewJobsHidden { ms: 30_000 },
            time: Duration::from_secs(30),
        },
        94..97 => {
            let text = "Job violates queue and/or server resource limits".to_owned();
            host_fault(Fault::SubmitRefused { text, status: 188 }, rng.random_range(1..=2))
        }
        _ => {
            let ms = rng.random_range(200..3_000);
            host_fault(Fault::Delay { command: Some("qsub".to_owned()), ms }, rng.random_range(1..=5))
        }
    }
}

/// A cut before, inside or after a command, or before, inside or after its answer.
fn cut(rng: &mut StdRng) -> Mischief {
    let (way, after) = match rng.random_range(0..6) {
        0 => (Way::ToHost, 0),
        1 => (Way::ToHost, rng.random_range(1..COMMAND_BYTES)),
        2 => (Way::ToHost, rng.random_range(COMMAND_BYTES..2 * COMMAND_BYTES)),
        3 => (Way::ToServer, 0),
        4 => (Way::ToServer, rng.random_range(1..ANSWER_BYTES)),
        _ => (Way::ToServer, rng.random_range(ANSWER_BYTES..4 * ANSWER_BYTES)),
    };
    Mischief { way, after, what: Harm::Cut }
}

fn milliseconds(rng: &mut StdRng, from: u64, to: u64) -> Duration {
    Duration::from_millis(rng.random_range(from..to))
}

//! One reader for each output that is followed, however many people follow it.
//!
//! The reader looks at the file every second and keeps its last part; followers take from there what they have not seen. Who
//! lags behind further than that part reached reads the missing bytes from the host by himself. A file that was cut short,
//! taken away, or replaced while it was followed ends the following: what comes from then on is another text, and its
//! reader begins anew.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use tokio::sync::watch;

use super::output::{ByteStream, OutputError, Source, is_missing};
use super::{JobError, get_job};
use crate::transport::{Download, FileRange, RemotePath, TransportError};

/// How often a growing file is looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// How much of a file is kept for its followers.
const KEPT_BYTES: usize = 1 << 20;

/// So much of what was read is read again at each look: it tells a file that was replaced.
const OVERLAP_BYTES: usize = 64;

/// A follower gets so much at a time.
const PIECE_BYTES: usize = 64 << 10;

type Key = (JobId, RemotePath);

/// The outputs that are being followed.
#[derive(Default)]
pub struct Tails {
    open: Mutex<HashMap<Key, Weak<Tail>>>,
}

impl Tails {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<Key, Weak<Tail>>) -> T) -> T {
        act(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Outputs that are followed at the moment.
    #[must_use]
    pub fn n_open(&self) -> usize {
        self.with(|open| open.len())
    }
}

/// The last part of a file, and how it goes on.
struct Tail {
    kept: Mutex<Kept>,
    /// Changes with what is kept.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    /// Where `bytes` begin in the file; absent before the file was first there.
    begin: Option<u64>,
    bytes: VecDeque<u8>,
    /// How long the file was at the last look; absent while it is not there.
    total: Option<u64>,
    /// It was looked for at least once.
    is_looked_for: bool,
    /// The file was read to its end at least once.
    is_read: bool,
    end: Option<End>,
}

/// Why nothing more comes.
#[derive(Clone)]
enum End {
    /// The job has ended, and everything was read.
    Whole,
    /// The file is another one than before.
    Replaced,
    /// It is on the job's node until the job ends.
    Spooled,
    /// The host cannot be read from.
    Failed(Arc<TransportError>),
}

/// What there is of a file when somebody begins to follow it.
pub(super) enum Start {
    /// It is there, with so many bytes.
    Found(u64),
    /// It is not there yet.
    Awaited,
    /// It will not come, or cannot be read.
    Nothing,
}

/// What a follower finds who has read up to a byte.
enum Found {
    Bytes(Bytes),
    /// These came before what is kept, up to this byte.
    Before(u64),
    Nothing,
    Over(End),
}

impl Kept {
    fn next_byte(&self) -> Option<u64> {
        self.begin.map(|begin| begin + self.bytes.len() as u64)
    }

    fn find(&self, offset: u64) -> Found {
        let begin = self.begin.unwrap_or(0);
        if offset < begin {
            return Found::Before(begin);
        }
        let from = usize::try_from(offset - begin).unwrap_or(usize::MAX);
        if from < self.bytes.len() {
            let to = self.bytes.len().min(from.saturating_add(PIECE_BYTES));
            return Found::Bytes(self.bytes.range(from..to).copied().collect());
        }
        match &self.end {
            // It had that much when the follower read it.
            _ if from > self.bytes.len() && self.is_read => Found::Over(End::Replaced),
            Some(end) => Found::Over(end.clone()),
            None => Found::Nothing,
        }
    }

    fn start(&self) -> Option<Start> {
        match (self.total, &self.end) {
            (Some(total), _) => Some(Start::Found(total)),
            (None, Some(_)) => Some(Start::Nothing),
            (None, None) => self.is_looked_for.then_some(Start::Awaited),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let excess = self.bytes.len().saturating_sub(KEPT_BYTES);
        self.bytes.drain(..excess);
        self.begin = self.begin.map(|begin| begin + excess as u64);
    }

    /// The last bytes, which the file must still have there.
    fn overlap(&self) -> Vec<u8> {
        self.bytes.iter().skip(self.bytes.len().saturating_sub(OVERLAP_BYTES)).copied().collect()
    }
}

impl Tail {
    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self) {
        self.changed.send_modify(|version| *version += 1);
    }

    /// How the file stands, by the reader's first look or its last one: nobody asks the host for himself.
    async fn start(&self) -> Start {
        let mut changed = self.changed.subscribe();
        // The sender is ours, and lives.
        let _ = changed.wait_for(|_| self.with(|kept| kept.start().is_some())).await;
        self.with(|kept| kept.start()).unwrap_or(Start::Nothing)
    }

    /// Takes what the file has more than before; returns how it ended, if it did.
    async fn look(&self, source: &Source) -> Option<End> {
        // The state is read before the file: what was written before the end is then in the file.
        let (has_ended, is_running) = match get_job(&source.app, &source.actor, source.job).await {
            Ok(job) => (job.state.has_ended(), matches!(job.state, JobState::Running | JobState::Suspended)),
            // An end of the body would say that the job has ended.
            Err(JobError::Store(_)) => (false, false),
            Err(_) => (true, false),
        };
        let (next, overlap) = self.with(|kept| (kept.next_byte(), kept.overlap()));
        let range = match next {
            Some(next) => FileRange::From(next - overlap.len() as u64),
            None => FileRange::Last(KEPT_BYTES as u64),
        };
        let (size, mut download) = match source.open(range).await {
            Ok(opened) => opened,
            Err(error) if is_missing(&error) && next.is_none_or(|next| next == 0) => {
                if source.is_spooled && is_running {
                    return Some(End::Spooled);
                }
                return has_ended.then_some(End::Whole);
            }
            Err(error) if is_missing(&error) => return Some(End::Replaced),
            Err(error) => return Some(End::Failed(Arc::new(error))),
        };
        if next.is_some_and(|next| size.total < next) {
            return Some(End::Replaced);
        }
        self.with(|kept| {
            kept.total = Some(size.total);
            if next.is_none() {
                kept.begin = Some(size.offset);
            }
        });
        if next.is_none() {
            self.tell();
        }
        let mut known = overlap.as_slice();
        while let Some(bytes) = download.next().await {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(error) => return Some(End::Failed(Arc::new(error))),
            };
            let (again, fresh) = bytes.split_at(known.len().min(bytes.len()));
            let Some(rest) = known.strip_prefix(again) else { return Some(End::Replaced) };
            known = rest;
            if !fresh.is_empty() {
                self.with(|kept| kept.push(fresh));
                self.tell();
            }
        }
        self.with(|kept| kept.is_read = true);
        has_ended.then_some(End::Whole)
    }
}

/// Joins the followers of an output, the first of whom starts its reader.
fn join(source: &Source) -> Arc<Tail> {
    let key = (source.job, source.path.clone());
    let (tail, is_new) = source.app.tails.with(|open| match open.get(&key).and_then(Weak::upgrade) {
        Some(tail) => (tail, false),
        None => {
            let tail = Arc::new(Tail { kept: Mutex::default(), changed: watch::channel(0).0 });
            open.insert(key.clone(), Arc::downgrade(&tail));
            (tail, true)
        }
    });
    if is_new {
        let (source, tail) = (source.clone(), Arc::downgrade(&tail));
        source.app.clone().spawn(async move {
            let stopping = source.app.stopping.clone();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = read_on(&source, &key, &tail) => {}
            }
        });
    }
    tail
}

/// Looks at the file until it ends, or nobody follows it any more.
async fn read_on(source: &Source, key: &Key, followed: &Weak<Tail>) {
    let leave = |open: &mut HashMap<Key, Weak<Tail>>| {
        // Another reader may have begun since the last follower left.
        if open.get(key).is_some_and(|known| known.ptr_eq(followed)) {
            open.remove(key);
        }
    };
    loop {
        let Some(tail) = followed.upgrade() else { return source.app.tails.with(leave) };
        if let Some(end) = tail.look(source).await {
            // Whoever comes from now on begins anew.
            source.app.tails.with(leave);
            tail.with(|kept| kept.end = Some(end));
            tail.tell();
            return;
        }
        if !tail.with(|kept| std::mem::replace(&mut kept.is_looked_for, true)) {
            tail.tell();
        }
        drop(tail);
        tokio::time::sleep(PERIOD).await;
    }
}

/// What is in a file from a byte on, and what is added to it until its job has ended; and how it stands before that.
pub(super) async fn follow(source: Source, offset: u64) -> (Start, ByteStream) {
    struct Following {
        source: Source,
        tail: Arc<Tail>,
        changed: watch::Receiver<u64>,
        offset: u64,
        /// What came before the part that is kept, and where it ends.
        before: Option<(Download, u64)>,
    }
    let tail = join(&source);
    let changed = tail.changed.subscribe();
    let stopping = source.app.stopping.clone();
    let start = tokio::select! {
        start = tail.start() => start,
        () = stopping.cancelled() => Start::Nothing,
    };
    let following = Following { source, tail, changed, offset, before: None };
    let bytes = stream::unfold(following, |mut at| async move {
        loop {
            if let Some((before, until)) = &mut at.before {
                match before.next().await {
                    Some(Ok(bytes)) => {
                        at.offset += bytes.len() as u64;
                        return Some((Ok(bytes), at));
                    }
                    Some(Err(error)) => return Some((Err(error.into()), at)),
                    None if at.offset < *until => return Some((Err(OutputError::Replaced), at)),
                    None => at.before = None,
                }
            }
            // What changes after the look is seen by the wait.
            at.changed.mark_unchanged();
            match at.tail.with(|kept| kept.find(at.offset)) {
                Found::Bytes(bytes) => {
                    at.offset += bytes.len() as u64;
                    return Some((Ok(bytes), at));
                }
                Found::Before(until) => {
                    let range = FileRange::Span { offset: at.offset, length: until - at.offset };
                    match at.source.open(range).await {
                        Ok((_, download)) => at.before = Some((download, until)),
                        Err(error) => return Some((Err(error.into()), at)),
                    }
                }
                Found::Nothing => at.changed.changed().await.ok()?,
                Found::Over(End::Whole) => return None,
                Found::Over(End::Replaced) => return Some((Err(OutputError::Replaced), at)),
                Found::Over(End::Spooled) => return Some((Err(OutputError::Spooled), at)),
                Found::Over(End::Failed(error)) => return Some((Err(OutputError::Shared(error)), at)),
            }
        }
    })
    .take_until(stopping.cancelled_owned())
    .boxed_local();
    (start, bytes)
}

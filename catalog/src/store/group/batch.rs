//! Requests that become one transaction, and their answers.

use crate::Error;
use crate::ledger::Lease;
use crate::schedule::{Beat, Leaving, Op, Pulse, Tick};
use crate::store::tx::WriteTx;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// The leader's lease and changes.
type Changes = (Lease, Vec<Op>);
/// Worker, most ticks, how long they are its own.
type Claim = (String, u32, TimeDelta);
/// Worker, signs of life, how long they hold.
type Beats = (String, Vec<Beat>, TimeDelta);

/// Something that was asked for, and where the answer goes.
#[derive(Debug)]
pub(super) struct Asked<Q, A> {
    /// What.
    pub(super) what: Q,
    /// Who waits.
    pub(super) reply: oneshot::Sender<Result<A, Error>>,
}

/// A request of any kind.
#[derive(Debug)]
pub(super) enum Request {
    /// The leader's changes.
    Apply(Asked<Changes, bool>),
    /// Ticks for a worker.
    Claim(Asked<Claim, Vec<Tick>>),
    /// Signs of life.
    Beat(Asked<Beats, Vec<Pulse>>),
    /// The end of an attempt.
    Leave(Asked<Leaving, ()>),
}

/// Requests by kind, each kind in the order of asking.
#[derive(Debug, Default)]
pub(super) struct Batch {
    applies: Vec<Asked<Changes, bool>>,
    claims: Vec<Asked<Claim, Vec<Tick>>>,
    beats: Vec<Asked<Beats, Vec<Pulse>>>,
    leaves: Vec<Asked<Leaving, ()>>,
}

/// Answers in the order of the requests of each kind.
#[derive(Debug)]
pub(super) struct Answers {
    applies: Vec<Result<bool, Error>>,
    claims: Vec<Result<Vec<Tick>, Error>>,
    beats: Vec<Result<Vec<Pulse>, Error>>,
    leaves: Vec<Result<(), Error>>,
}

impl FromIterator<Request> for Batch {
    fn from_iter<I: IntoIterator<Item = Request>>(requests: I) -> Batch {
        let mut batch = Batch::default();
        for request in requests {
            match request {
                Request::Apply(asked) => batch.applies.push(asked),
                Request::Claim(asked) => batch.claims.push(asked),
                Request::Beat(asked) => batch.beats.push(asked),
                Request::Leave(asked) => batch.leaves.push(asked),
            }
        }
        batch
    }
}

impl Batch {
    /// Number of requests.
    pub(super) fn len(&self) -> usize {
        self.applies.len() + self.claims.len() + self.beats.len() + self.leaves.len()
    }

    /// Whether nothing is asked for but ticks.
    pub(super) fn only_claims(&self) -> bool {
        self.claims.len() == self.len()
    }

    /// Tells everybody who asks for ticks that there are none.
    pub(super) fn answer_empty_handed(self) {
        let none = self.claims.iter().map(|_| Ok(Vec::new())).collect();
        tell(self.claims, none);
    }

    /// Each request by itself.
    pub(super) fn singles(self) -> impl Iterator<Item = Batch> {
        let applies = self.applies.into_iter().map(Request::Apply);
        let claims = self.claims.into_iter().map(Request::Claim);
        let beats = self.beats.into_iter().map(Request::Beat);
        let leaves = self.leaves.into_iter().map(Request::Leave);
        leaves.chain(beats).chain(applies).chain(claims).map(|request| Batch::from_iter([request]))
    }

    /// Writes everything into a transaction. What workers say comes before what the leader decides, so that it does not
    /// take away what was just finished; claims come last, so that they find what it just made ready.
    ///
    /// # Errors
    /// K301, and nothing of the transaction may be kept then. A request that is refused has its error as its answer.
    pub(super) async fn decide(&self, tx: &mut WriteTx) -> Result<Answers, Error> {
        let leaves = self.leave(tx).await?;
        let beats = self.beat(tx).await?;
        let mut applies = Vec::with_capacity(self.applies.len());
        for Asked { what: (lead, ops), .. } in &self.applies {
            applies.push(refused(tx.apply_in(lead, ops).await)?);
        }
        let claims = self.claim(tx).await?;
        Ok(Answers { applies, claims, beats, leaves })
    }

    /// One statement for all that are left.
    async fn leave(&self, tx: &mut WriteTx) -> Result<Vec<Result<(), Error>>, Error> {
        let leaving: Vec<Leaving> = self.leaves.iter().map(|asked| asked.what.clone()).collect();
        if leaving.is_empty() { Ok(Vec::new()) } else { tx.leave_in(&leaving).await }
    }

    /// One statement for all signs of life of a worker.
    async fn beat(&self, tx: &mut WriteTx) -> Result<Vec<Result<Vec<Pulse>, Error>>, Error> {
        let mut answers: Vec<Result<Vec<Pulse>, Error>> = self.beats.iter().map(|_| Ok(Vec::new())).collect();
        for ((worker, ttl), members) in alike(self.beats.iter().map(|asked| (&asked.what.0, asked.what.2))) {
            let beats: Vec<Beat> = members.iter().flat_map(|at| &self.beats[*at].what.1).cloned().collect();
            let mut pulses = tx.beat_in(worker, &beats, ttl).await?.into_iter();
            for at in members {
                answers[at] = Ok(pulses.by_ref().take(self.beats[at].what.1.len()).collect());
            }
        }
        Ok(answers)
    }

    /// One statement for all ticks that a worker takes; who asked first is served first.
    async fn claim(&self, tx: &mut WriteTx) -> Result<Vec<Result<Vec<Tick>, Error>>, Error> {
        let mut answers: Vec<Result<Vec<Tick>, Error>> = self.claims.iter().map(|_| Ok(Vec::new())).collect();
        for ((worker, ttl), members) in alike(self.claims.iter().map(|asked| (&asked.what.0, asked.what.2))) {
            let most = members.iter().fold(0, |most: u32, at| most.saturating_add(self.claims[*at].what.1));
            let mut ticks = tx.claim_in(worker, most, ttl).await?.into_iter();
            for at in members {
                let share = usize::try_from(self.claims[at].what.1).unwrap_or(usize::MAX);
                answers[at] = Ok(ticks.by_ref().take(share).collect());
            }
        }
        Ok(answers)
    }

    /// Tells everybody what became of their request. Who does not wait any more is not told.
    pub(super) fn answer(self, answers: Answers) {
        tell(self.applies, answers.applies);
        tell(self.claims, answers.claims);
        tell(self.beats, answers.beats);
        tell(self.leaves, answers.leaves);
    }

    /// Tells everybody that nothing was written.
    pub(super) fn fail(self, error: &Error) {
        let Batch { applies, claims, beats, leaves } = self;
        let answers = Answers {
            applies: applies.iter().map(|_| Err(error.clone())).collect(),
            claims: claims.iter().map(|_| Err(error.clone())).collect(),
            beats: beats.iter().map(|_| Err(error.clone())).collect(),
            leaves: leaves.iter().map(|_| Err(error.clone())).collect(),
        };
        Batch { applies, claims, beats, leaves }.answer(answers);
    }
}

/// Places of the requests of the same worker for the same time.
fn alike<'a>(requests: impl Iterator<Item = (&'a String, TimeDelta)>) -> BTreeMap<(&'a str, TimeDelta), Vec<usize>> {
    let mut groups: BTreeMap<(&str, TimeDelta), Vec<usize>> = BTreeMap::new();
    for (at, (worker, ttl)) in requests.enumerate() {
        groups.entry((worker, ttl)).or_default().push(at);
    }
    groups
}

/// An error of the database fails the transaction; any other is the request's own.
fn refused<T>(answer: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match answer {
        Err(failed @ Error::Store { .. }) => Err(failed),
        other => Ok(other),
    }
}

fn tell<Q, A>(asked: Vec<Asked<Q, A>>, answers: Vec<Result<A, Error>>) {
    for (asked, answer) in asked.into_iter().zip(answers) {
        let _nobody_waits = asked.reply.send(answer);
    }
}

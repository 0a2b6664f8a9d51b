//! One round of the outbox: what is due is planned, put into words, handed over and recorded.

use std::collections::BTreeMap;

use catalog::notice::{SendState, StoredNotice};
use catalog::{Actor, Catalog};
use chrono::{DateTime, Utc};
use pipelines::duty::Roster;
use pipelines::notice::courier::Courier;
use pipelines::notice::outbox::{Outcome, look, settle};
use pipelines::notice::parcel::{Parcel, parcels};
use pipelines::project::Project;
use tokio_util::sync::CancellationToken;

use super::Words;

/// Most notices of one round.
const MOST: u32 = 500;

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dispatched {
    /// Messages that channels took.
    pub(crate) sent: usize,
    /// Messages that they did not.
    pub(crate) failed: usize,
    /// Whether more is due than one round takes.
    pub(crate) more: bool,
}

/// Does everything that is due, or as much of it as is done when `stop` is cancelled. Messages are planned and recorded before they go out, so that a crash in between sends
/// them once more with the same id, and never loses one.
///
/// # Errors
/// K301 when the ledger cannot be read or written.
pub(crate) async fn dispatch(
    catalog: &Catalog,
    actor: &Actor,
    project: &Project,
    courier: &Courier,
    (now, stop): (DateTime<Utc>, &CancellationToken),
) -> Result<Dispatched, catalog::Error> {
    let Some(roster) = project.roster() else { return Ok(Dispatched::default()) };
    let mut due = catalog.notices_due(actor, now, MOST).await?;
    if due.is_empty() {
        return Ok(Dispatched::default());
    }
    let more = due.len() >= MOST as usize;
    due.iter_mut().for_each(|stored| look(stored, &roster, now));
    let mut due = saved(catalog, actor, due).await?;
    let words = Words::of(project, &roster);
    let mut done = Dispatched { more, ..Dispatched::default() };
    for parcel in parcels(&due.values().cloned().collect::<Vec<_>>(), &roster, now) {
        if stop.is_cancelled() {
            break;
        }
        if !parcel.items.iter().any(|item| due.contains_key(&item.notice)) {
            continue;
        }
        let text = words.parcel(&roster, &parcel, &due);
        let outcome = match courier.deliver(&roster, &parcel, text, now).await {
            Ok(()) => Outcome::Sent,
            Err(error) => Outcome::Failed { code: error.problem().code, retryable: error.retryable() },
        };
        match outcome {
            Outcome::Sent => done.sent += 1,
            Outcome::Failed { .. } => done.failed += 1,
        }
        let touched = record(&mut due, &roster, &parcel, &outcome, now);
        let settled = saved(catalog, actor, touched.clone()).await?;
        for lost in touched.iter().filter(|stored| !settled.contains_key(&stored.id)) {
            again(catalog, actor, lost, (&roster, now)).await?;
        }
        due.extend(settled);
    }
    Ok(done)
}

/// How many messages wait to be handed over by an instant, among the gravest notices.
///
/// # Errors
/// K301.
pub(crate) async fn waiting(catalog: &Catalog, actor: &Actor, by: DateTime<Utc>) -> Result<usize, catalog::Error> {
    let due = catalog.notices_due(actor, by, MOST).await?;
    Ok(due.iter().flat_map(|stored| &stored.sends).filter(|send| send.state == SendState::Waiting).count())
}

/// Writes how a message fared into the records it tells of.
fn record(
    due: &mut BTreeMap<String, StoredNotice>,
    roster: &Roster,
    parcel: &Parcel,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Vec<StoredNotice> {
    let mut touched = Vec::new();
    for item in &parcel.items {
        if let Some(mut stored) = due.remove(&item.notice) {
            settle(&mut stored, &item.places, outcome, now);
            look(&mut stored, roster, now);
            touched.push(stored);
        }
    }
    touched
}

/// A record that somebody changed while its message was on its way: what was sent is written into the newer one.
async fn again(
    catalog: &Catalog,
    actor: &Actor,
    sent: &StoredNotice,
    (roster, now): (&Roster, DateTime<Utc>),
) -> Result<(), catalog::Error> {
    for _ in 0..5 {
        let mut stored = catalog.notice(actor, &sent.id).await?;
        stored.sends = sent.sends.clone();
        look(&mut stored, roster, now);
        if !saved(catalog, actor, vec![stored]).await?.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Saves records; what was planned for those that somebody changed meanwhile is forgotten.
async fn saved(
    catalog: &Catalog,
    actor: &Actor,
    records: Vec<StoredNotice>,
) -> Result<BTreeMap<String, StoredNotice>, catalog::Error> {
    let written = catalog.save(actor, &records).await?;
    let mut kept = BTreeMap::new();
    for (mut stored, written) in records.into_iter().zip(written) {
        if written {
            stored.revision += 1;
            kept.insert(stored.id.clone(), stored);
        }
    }
    Ok(kept)
}

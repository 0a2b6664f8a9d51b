//! What to do about a notice now: a pure step over its record, the roster and the clock.
//!
//! [`look`] decides whom to tell (those on duty, then step by step whoever follows while nobody acknowledges, again after
//! a while, and of a recovery whoever was told of the trouble) and when to look again. [`settle`] records how a message
//! fared. Both only change the record; the caller saves it.

use std::collections::BTreeSet;

use catalog::notice::{NoticeState, Recipient, Send, SendState, Severity, StoredNotice, Why};
use chrono::{DateTime, TimeDelta, Utc};

use super::Notice;
use crate::duty::Roster;

/// Pause before the second attempt; it doubles each time.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(15);
/// Longest pause.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(30);
/// Attempts of one message, about six hours of them.
pub const MOST_ATTEMPTS: u32 = 20;
/// Reminders of one notice.
pub const MOST_REMINDERS: u32 = 42;
/// Messages of one notice.
const MOST_SENDS: usize = 2_000;

/// How handing over a message went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it.
    Sent,
    /// It did not.
    Failed {
        /// Code of the error.
        code: String,
        /// Whether trying again can help.
        retryable: bool,
    },
}

/// Brings a record up to an instant: adds messages that are due, drops those of no more use, says when to look again.
pub fn look(stored: &mut StoredNotice, roster: &Roster, now: DateTime<Utc>) {
    let next = match stored.state {
        NoticeState::Open => open(stored, roster, now),
        NoticeState::Acknowledged | NoticeState::Closed => {
            drop_waiting(stored, |_| true);
            None
        }
        NoticeState::Recovered => {
            recovered(stored, roster, now);
            None
        }
    };
    let waiting = stored.sends.iter().filter(|send| send.state == SendState::Waiting).map(|send| send.next_at);
    stored.next_at = waiting.chain(next).min();
}

/// Records how messages fared, by their places in the record.
pub fn settle(stored: &mut StoredNotice, places: &[usize], outcome: &Outcome, now: DateTime<Utc>) {
    for place in places {
        let Some(send) = stored.sends.get_mut(*place).filter(|send| send.state == SendState::Waiting) else { continue };
        send.attempts = send.attempts.saturating_add(1);
        match outcome {
            Outcome::Sent => {
                send.state = SendState::Sent;
                send.sent_at = Some(now);
                send.error = None;
            }
            Outcome::Failed { code, retryable } => {
                send.error = Some(code.clone());
                if *retryable && send.attempts < MOST_ATTEMPTS {
                    send.next_at = now + pause(send.attempts);
                } else {
                    send.state = SendState::Failed;
                }
            }
        }
    }
}

/// Pause after so many attempts.
fn pause(attempts: u32) -> TimeDelta {
    let doubled = 2_i32.checked_pow(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
    FIRST_PAUSE.checked_mul(doubled).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

/// A group that is to be told from an instant on.
struct Level<'a> {
    step: u32,
    from: DateTime<Utc>,
    team: &'a str,
}

fn open(stored: &mut StoredNotice, roster: &Roster, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let named = Notice::read(&stored.notice.body).and_then(|notice| notice.team);
    let team = roster.team(named.as_deref())?.to_owned();
    let begin = release(stored.notice.severity, roster, stored.created_at);
    let mut next = None;
    let mut told: Vec<&str> = Vec::new();
    let mut unreached = false;
    for level in levels(roster, &team, stored.notice.severity, begin) {
        // Nobody of the step before could be reached: the next one does not wait.
        if level.from > now && !unreached {
            next = Some(level.from);
            break;
        }
        if !stored.sends.iter().any(|send| send.step == level.step) {
            let why = if level.step == 0 { Why::First } else { Why::Escalation };
            tell(stored, roster.recipients(level.team, now), (why, level.step, 0), now);
        }
        unreached = nobody_reached(stored, level.step);
        told.push(level.team);
    }
    let reminder = roster.remind().filter(|_| !told.is_empty());
    let again = reminder.and_then(|every| remind(stored, roster, &told, (begin, every), now));
    [next, again].into_iter().flatten().min()
}

fn levels<'a>(roster: &'a Roster, team: &'a str, severity: Severity, begin: DateTime<Utc>) -> Vec<Level<'a>> {
    let mut levels = vec![Level { step: 0, from: begin, team }];
    for (step, next) in (1..).zip(roster.steps(team)) {
        levels.push(Level { step, from: release(severity, roster, begin + next.after), team: &next.team });
    }
    levels
}

/// An instant, or the end of the quiet hours it lies in if the notice is not urgent.
fn release(severity: Severity, roster: &Roster, at: DateTime<Utc>) -> DateTime<Utc> {
    if severity == Severity::Urgent { at } else { roster.quiet_until(at).unwrap_or(at) }
}

/// Whether a step has no recipient to whom anything went or may still go.
fn nobody_reached(stored: &StoredNotice, step: u32) -> bool {
    let mut of_step = stored.sends.iter().filter(|send| send.step == step);
    of_step.all(|send| send.state == SendState::Failed)
}

/// The reminder that is due, if any, to everybody who is to be told by now. Returns when the next one is due.
fn remind(
    stored: &mut StoredNotice,
    roster: &Roster,
    teams: &[&str],
    (begin, every): (DateTime<Utc>, TimeDelta),
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let severity = stored.notice.severity;
    let passed = (now - begin).num_seconds().checked_div(every.num_seconds())?;
    let round = u32::try_from(passed).ok()?.min(MOST_REMINDERS);
    let done = stored.sends.iter().filter(|send| send.why == Why::Reminder).map(|send| send.round).max().unwrap_or(0);
    let due = |round: u32| Some(release(severity, roster, begin + every.checked_mul(i32::try_from(round).ok()?)?));
    if round > done && due(round)? <= now {
        let mut seen = BTreeSet::new();
        let everybody = teams.iter().flat_map(|team| roster.recipients(team, now));
        let everybody: Vec<Recipient> = everybody.filter(|one| seen.insert(one.clone())).collect();
        let step = u32::try_from(teams.len().saturating_sub(1)).unwrap_or(0);
        drop_waiting(stored, |send| send.why == Why::Reminder);
        add(stored, everybody, (Why::Reminder, step, round), now);
    }
    let next = if round > done && due(round)? > now { round } else { round + 1 };
    (next <= MOST_REMINDERS).then(|| due(next)).flatten()
}

/// Adds messages to those who have none yet.
fn tell(stored: &mut StoredNotice, to: Vec<Recipient>, as_what: (Why, u32, u32), now: DateTime<Utc>) {
    let known: BTreeSet<Recipient> = stored.sends.iter().map(|send| send.to.clone()).collect();
    let mut seen = BTreeSet::new();
    let new = to.into_iter().filter(|one| !known.contains(one) && seen.insert(one.clone())).collect();
    add(stored, new, as_what, now);
}

fn add(stored: &mut StoredNotice, to: Vec<Recipient>, (why, step, round): (Why, u32, u32), now: DateTime<Utc>) {
    for to in to {
        if stored.sends.len() >= MOST_SENDS {
            return;
        }
        let state = SendState::Waiting;
        stored.sends.push(Send { to, why, step, round, state, attempts: 0, next_at: now, sent_at: None, error: None });
    }
}

/// Tells of the recovery whoever was told of the trouble, once. Where the trouble woke people, so does the recovery.
fn recovered(stored: &mut StoredNotice, roster: &Roster, now: DateTime<Utc>) {
    drop_waiting(stored, |send| send.why != Why::Recovery);
    if stored.sends.iter().any(|send| send.why == Why::Recovery) {
        return;
    }
    let told: BTreeSet<Recipient> =
        stored.sends.iter().filter(|send| send.state == SendState::Sent).map(|send| send.to.clone()).collect();
    let at = release(stored.notice.severity, roster, now);
    add(stored, told.into_iter().collect(), (Why::Recovery, 0, 0), at);
}

fn drop_waiting(stored: &mut StoredNotice, which: impl Fn(&Send) -> bool) {
    for send in stored.sends.iter_mut().filter(|send| send.state == SendState::Waiting) {
        if which(send) {
            send.state = SendState::Dropped;
        }
    }
}

#[cfg(test)]
mod tests;

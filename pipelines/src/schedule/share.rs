//! Pools: who gets the next slot.
//!
//! Owners of one pool share its slots by weight: each has a virtual time that grows with the slot time it used divided
//! by its weight, and the owner that is furthest behind is next (start-time fair queueing, Goyal, Vin and Cheng 1996). An
//! owner that comes back after a pause starts at the pool's present virtual time, so that nobody saves up slots.
//!
//! Among one owner's ticks the *rank* decides: the instant since when a tick waits, moved forward ten minutes for each
//! step of priority. It does not change while a tick waits, and whatever comes later than ninety minutes after it ranks
//! behind it, so that no priority starves.

use std::collections::{BTreeMap, BTreeSet};

use catalog::schedule::TickId;
use chrono::{DateTime, TimeDelta, Utc};

/// How much earlier a step of priority counts.
const STEP: TimeDelta = TimeDelta::minutes(10);
/// Slot time assumed of a pipeline that never ran, in milliseconds.
pub(super) const UNKNOWN_MS: u64 = 60_000;
/// Virtual time of a millisecond at weight 1; room for weights up to a thousand.
const SCALE: u64 = 1_000;

/// Place in an owner's queue.
pub(super) type Rank = DateTime<Utc>;

/// The queues of all pools.
#[derive(Debug, Default)]
pub(super) struct Shares {
    pools: BTreeMap<String, Queue>,
}

/// One pool.
#[derive(Debug, Default)]
struct Queue {
    used: u32,
    /// Virtual time at which the last slot was given.
    virtual_now: u64,
    owners: BTreeMap<String, Owner>,
    /// Whether something changed since it was last looked through.
    touched: bool,
}

#[derive(Debug, Default)]
struct Owner {
    virtual_time: u64,
    used: u32,
    waiting: BTreeSet<(Rank, TickId)>,
}

/// When a tick counts as having begun to wait.
pub(super) fn rank(since: DateTime<Utc>, priority: u8) -> Rank {
    since - STEP * i32::from(priority.min(9))
}

impl Shares {
    /// Puts a tick into an owner's queue.
    pub(super) fn push(&mut self, pool: &str, owner: &str, rank: Rank, id: TickId) {
        let queue = self.pools.entry(pool.to_owned()).or_default();
        let virtual_now = queue.virtual_now;
        let owner = queue.owners.entry(owner.to_owned()).or_default();
        if owner.waiting.is_empty() && owner.used == 0 {
            owner.virtual_time = owner.virtual_time.max(virtual_now);
        }
        owner.waiting.insert((rank, id));
        queue.touched = true;
    }

    /// Takes a tick out of its queue.
    pub(super) fn remove(&mut self, pool: &str, owner: &str, rank: Rank, id: &TickId) {
        if let Some(owner) = self.pools.get_mut(pool).and_then(|queue| queue.owners.get_mut(owner)) {
            owner.waiting.remove(&(rank, id.clone()));
        }
    }

    /// Takes a slot and charges an owner for it in advance.
    pub(super) fn take(&mut self, pool: &str, owner: &str, weight: u32, expected_ms: u64) {
        let queue = self.pools.entry(pool.to_owned()).or_default();
        queue.used += 1;
        let owner = queue.owners.entry(owner.to_owned()).or_default();
        owner.used += 1;
        queue.virtual_now = queue.virtual_now.max(owner.virtual_time);
        owner.virtual_time = owner.virtual_time.saturating_add(charge(expected_ms, weight));
    }

    /// Gives a slot back; what was charged is corrected to what was used.
    pub(super) fn give(&mut self, pool: &str, owner: &str, weight: u32, expected_ms: u64, actual_ms: u64) {
        let Some(queue) = self.pools.get_mut(pool) else { return };
        queue.used = queue.used.saturating_sub(1);
        queue.touched = true;
        if let Some(owner) = queue.owners.get_mut(owner) {
            owner.used = owner.used.saturating_sub(1);
            let charged = owner.virtual_time.saturating_add(charge(actual_ms, weight));
            owner.virtual_time = charged.saturating_sub(charge(expected_ms, weight));
        }
    }

    /// Slots of a pool in use.
    pub(super) fn used(&self, pool: &str) -> u32 {
        self.pools.get(pool).map_or(0, |queue| queue.used)
    }

    /// Slots in use, by pool.
    pub(super) fn pools(&self) -> impl Iterator<Item = (&str, u32)> {
        self.pools.iter().map(|(pool, queue)| (pool.as_str(), queue.used))
    }

    /// Pools that something happened to, each once.
    pub(super) fn touched(&mut self) -> Vec<String> {
        let touched = |(pool, queue): (&String, &mut Queue)| std::mem::take(&mut queue.touched).then(|| pool.clone());
        self.pools.iter_mut().filter_map(touched).collect()
    }

    /// All pools are to be looked through.
    pub(super) fn touch_all(&mut self) {
        for queue in self.pools.values_mut() {
            queue.touched = true;
        }
    }

    /// Waiting ticks of a pool, the next one first, that `fits` accepts; looks no further than the first.
    pub(super) fn next(&self, pool: &str, mut fits: impl FnMut(&TickId) -> bool) -> Option<TickId> {
        let queue = self.pools.get(pool)?;
        let mut owners: Vec<&Owner> = queue.owners.values().filter(|owner| !owner.waiting.is_empty()).collect();
        owners.sort_by_key(|owner| owner.virtual_time);
        owners.into_iter().flat_map(|owner| &owner.waiting).map(|(_, id)| id).find(|id| fits(id)).cloned()
    }
}

fn charge(slot_ms: u64, weight: u32) -> u64 {
    slot_ms.saturating_mul(SCALE) / u64::from(weight.max(1))
}

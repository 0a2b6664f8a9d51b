//! What workers do with ticks: take them, keep them, leave them. Each under the token of its claim.

use super::board::ended;
use super::row::{self, Kept, tick_columns};
use super::table::Counter;
use crate::schedule::{Beat, Leaving, Left, Pulse, Tick, TickId};
use crate::store::Catalog;
use crate::store::tx::WriteTx;
use crate::{Actor, Error};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{query, query_scalar};
use std::collections::{BTreeMap, BTreeSet};

const READY: &str =
    concat!("SELECT ", tick_columns!(), " FROM tick WHERE tenant = $1 AND state = 'ready' ORDER BY ready_no LIMIT $2");

impl Catalog {
    /// Gives a worker at most `max` ticks that are ready, those first that became so first. They are running then, under
    /// a new token, until `ttl` has passed without a [`Catalog::beat`]. One that somebody asked to stop before says so.
    ///
    /// # Errors
    /// K301.
    pub async fn claim(&self, actor: &Actor, worker: &str, max: u32, ttl: TimeDelta) -> Result<Vec<Tick>, Error> {
        if max == 0 || !self.any_ready(actor).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.write(actor).await?;
        let ticks = tx.claim_in(worker, max, ttl).await?;
        tx.commit().await?;
        Ok(ticks)
    }

    /// A look that takes no lock: most of the time nothing is ready.
    pub(in crate::store) async fn any_ready(&self, actor: &Actor) -> Result<bool, Error> {
        let ready: Option<i64> =
            query_scalar("SELECT ready_no FROM tick WHERE tenant = $1 AND state = 'ready' ORDER BY ready_no LIMIT 1")
                .bind(&actor.tenant)
                .fetch_optional(&self.reader)
                .await?;
        Ok(ready.is_some())
    }

    /// Prolongs a worker's claims to `ttl` from now and hears which of them still hold, in the order given.
    ///
    /// # Errors
    /// K301.
    pub async fn beat(&self, actor: &Actor, worker: &str, beats: &[Beat], ttl: TimeDelta) -> Result<Vec<Pulse>, Error> {
        let mut tx = self.write(actor).await?;
        let pulses = tx.beat_in(worker, beats, ttl).await?;
        tx.commit().await?;
        Ok(pulses)
    }

    /// Records how an attempt left its tick: ended, or to be tried again.
    ///
    /// # Errors
    /// K304 when the claim does not hold any more, K314 for an end that is none.
    pub async fn leave(
        &self,
        actor: &Actor,
        id: &TickId,
        token: i64,
        left: &Left,
        run: Option<&str>,
    ) -> Result<(), Error> {
        let leaving = Leaving { id: id.clone(), token, left: left.clone(), run: run.map(str::to_owned) };
        self.leave_all(actor, std::slice::from_ref(&leaving)).await?.into_iter().collect()
    }

    /// [`Catalog::leave`] of many, in one transaction; what is refused is refused alone.
    ///
    /// # Errors
    /// K301; K304 and K314 are answers.
    pub async fn leave_all(&self, actor: &Actor, leaving: &[Leaving]) -> Result<Vec<Result<(), Error>>, Error> {
        let mut tx = self.write(actor).await?;
        let answers = tx.leave_in(leaving).await?;
        tx.commit().await?;
        Ok(answers)
    }
}

impl WriteTx {
    /// [`Catalog::claim`] inside a transaction.
    pub(in crate::store) async fn claim_in(
        &mut self,
        worker: &str,
        max: u32,
        ttl: TimeDelta,
    ) -> Result<Vec<Tick>, Error> {
        let (tenant, now) = (self.tenant.clone(), self.now);
        let rows = query(READY).bind(tenant).bind(i64::from(max)).fetch_all(self.conn()).await?;
        let mut ready: Vec<Kept> = rows.iter().map(row::kept).collect::<Result<_, _>>()?;
        for Kept { tick, .. } in &mut ready {
            tick.claim(worker, now, ttl);
        }
        self.put_revised(ready.iter_mut().collect()).await?;
        Ok(ready.into_iter().map(|kept| kept.tick).collect())
    }

    /// [`Catalog::beat`] inside a transaction.
    pub(in crate::store) async fn beat_in(
        &mut self,
        worker: &str,
        beats: &[Beat],
        ttl: TimeDelta,
    ) -> Result<Vec<Pulse>, Error> {
        let now = self.now;
        let mut kept = self.kept(beats.iter().map(|beat| &beat.id).collect()).await?;
        let mut touched = BTreeSet::new();
        let mut pulses = Vec::with_capacity(beats.len());
        for Beat { id, token, phase } in beats {
            let held = held(&mut kept, id, *token).filter(|tick| tick.worker.as_deref() == Some(worker));
            let alive = held.is_some();
            let cancel = held.and_then(|tick| {
                touched.insert(id.clone());
                tick.lease_until = Some(now + ttl);
                tick.phase = phase.clone().or(tick.phase.take());
                tick.cancel.clone()
            });
            pulses.push(Pulse { id: id.clone(), alive, cancel });
        }
        self.put_touched(&mut kept, &touched).await?;
        Ok(pulses)
    }

    /// [`Catalog::leave_all`] inside a transaction.
    pub(in crate::store) async fn leave_in(&mut self, leaving: &[Leaving]) -> Result<Vec<Result<(), Error>>, Error> {
        let now = self.now;
        let mut kept = self.kept(leaving.iter().map(|one| &one.id).collect()).await?;
        let mut touched = BTreeSet::new();
        let mut answers = Vec::with_capacity(leaving.len());
        for one in leaving {
            let Some(tick) = held(&mut kept, &one.id, one.token) else {
                answers.push(Err(Error::StaleLease { target: one.id.to_string() }));
                continue;
            };
            let answer = left(tick, now, one);
            if answer.is_ok() {
                touched.insert(one.id.clone());
                if tick.state.ended() {
                    self.audit(ended(&one.id, tick.state, &tick.reason, &tick.successor));
                }
            }
            answers.push(answer);
        }
        self.put_touched(&mut kept, &touched).await?;
        Ok(answers)
    }

    async fn put_touched(
        &mut self,
        kept: &mut BTreeMap<TickId, Kept>,
        touched: &BTreeSet<TickId>,
    ) -> Result<(), Error> {
        self.put_revised(kept.iter_mut().filter(|(id, _)| touched.contains(id)).map(|(_, kept)| kept).collect()).await
    }

    /// Writes what workers did to ticks, with the next revisions.
    async fn put_revised(&mut self, mut ticks: Vec<&mut Kept>) -> Result<(), Error> {
        if ticks.is_empty() {
            return Ok(());
        }
        let first = self.number(Counter::Revision, ticks.len()).await?;
        for (revision, kept) in (first..).zip(&mut ticks) {
            kept.tick.revision = revision;
        }
        self.put(ticks.into_iter().map(|kept| &*kept).collect()).await
    }
}

/// The tick, if that token has it.
fn held<'a>(kept: &'a mut BTreeMap<TickId, Kept>, id: &TickId, token: i64) -> Option<&'a mut Tick> {
    let tick = &mut kept.get_mut(id)?.tick;
    tick.has_token(token).then_some(tick)
}

fn left(tick: &mut Tick, now: DateTime<Utc>, one: &Leaving) -> Result<(), Error> {
    if matches!(one.left, Left::Ended { state, .. } if !state.ended()) {
        return Err(Error::Mismatch { what: format!("state of tick {}", one.id) });
    }
    tick.leave(&one.left, now);
    tick.run = one.run.clone().or(tick.run.take());
    Ok(())
}

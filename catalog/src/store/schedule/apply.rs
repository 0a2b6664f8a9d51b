//! The leader's changes, in one transaction under its lease.

use super::board::{Board, Fit};
use super::lead::LEAD;
use super::table::Counter;
use crate::ledger::Lease;
use crate::schedule::{Op, TickId, TickState};
use crate::store::Catalog;
use crate::store::batch::{self, Cell};
use crate::store::tx::WriteTx;
use crate::{Actor, Error, clock};
use std::collections::BTreeMap;

impl Catalog {
    /// Makes the leader's changes, in order, all in one transaction or none of them. A change may not fit any more: the
    /// tick has ended or a worker has it, another tick of the pipeline is ready or running, the promised key exists, the
    /// pause is gone, the request is decided. What was decided with it then rests on something that is not so: nothing
    /// is written, the answer is false, and the leader goes on from [`Catalog::snapshot`].
    ///
    /// # Errors
    /// K304 when another scheduler leads now; K314 for a change that never fits: an end that is none, or a success, which
    /// only a worker reports.
    pub async fn apply(&self, actor: &Actor, lead: &Lease, ops: &[Op]) -> Result<bool, Error> {
        let mut tx = self.write(actor).await?;
        let fits = tx.apply_in(lead, ops).await?;
        if fits {
            tx.commit().await?;
        }
        Ok(fits)
    }
}

impl WriteTx {
    /// [`Catalog::apply`] inside a transaction with other requests. What becomes of ticks is decided before anything is
    /// written; a pause or request that is gone, which only a leader takes away, is found while writing.
    pub(in crate::store) async fn apply_in(&mut self, lead: &Lease, ops: &[Op]) -> Result<bool, Error> {
        check(lead, ops)?;
        self.fence(LEAD, lead.token).await?;
        let mut board = self.board(ops).await?;
        let mut told = Vec::new();
        for op in ops {
            match board.take(op) {
                Some(Fit::Never) => return Ok(false),
                Some(Fit::Told(event)) => told.push(event),
                Some(Fit::Quiet) | None => {}
            }
        }
        self.put(board.changed()).await?;
        self.put_anchors(ops).await?;
        told.into_iter().for_each(|event| self.audit(event));
        for op in ops {
            match self.take(op).await? {
                Fit::Never => return Ok(false),
                Fit::Told(event) => self.audit(event),
                Fit::Quiet => {}
            }
        }
        Ok(true)
    }

    async fn board(&mut self, ops: &[Op]) -> Result<Board, Error> {
        let kept = self.kept(ops.iter().filter_map(concerns).collect()).await?;
        let ready: Vec<&str> = ops.iter().filter_map(made_ready).collect();
        let busy = self.busy(ready.iter().copied().collect()).await?;
        let first_ready = if ready.is_empty() { 0 } else { self.number(Counter::Ready, ready.len()).await? };
        Ok(Board::new(self.now, kept, busy, first_ready))
    }

    /// Takes a change of something other than a tick.
    async fn take(&mut self, op: &Op) -> Result<Fit, Error> {
        match op {
            Op::Hold(hold) => self.hold(hold).await,
            Op::Release { scope } => self.release_hold(scope).await,
            Op::Answer { request, granted, answer } => self.answer(*request, *granted, answer).await,
            _ => Ok(Fit::Quiet),
        }
    }

    async fn put_anchors(&mut self, ops: &[Op]) -> Result<(), Error> {
        let mut anchors: BTreeMap<&str, [Cell; 3]> = BTreeMap::new();
        for op in ops {
            if let Op::Anchor { pipeline, schedule, at } = op {
                anchors.insert(pipeline, [pipeline.as_str().into(), schedule.as_str().into(), clock::text(*at).into()]);
            }
        }
        let tenant = self.tenant.clone();
        let change = "ON CONFLICT (tenant, pipeline) DO UPDATE SET schedule = excluded.schedule, at = excluded.at";
        let into = "schedule_anchor (tenant, pipeline, schedule, at)";
        batch::insert(self.conn(), &tenant, into, anchors.into_values().collect(), change).await?;
        Ok(())
    }
}

fn check(lead: &Lease, ops: &[Op]) -> Result<(), Error> {
    let broken = |what: String| Err(Error::Mismatch { what });
    if lead.target != LEAD {
        return broken(format!("lease on {}", lead.target));
    }
    for op in ops {
        let (id, good) = match op {
            Op::Promise { tick, state, .. } => {
                (&tick.id, *state == TickState::Queued || (state.ended() && *state != TickState::Succeeded))
            }
            Op::End { id, state, .. } => (id, state.ended() && *state != TickState::Succeeded),
            _ => continue,
        };
        if !good {
            return broken(format!("state of tick {id}"));
        }
    }
    Ok(())
}

fn concerns(op: &Op) -> Option<&TickId> {
    match op {
        Op::Promise { tick, .. } => Some(&tick.id),
        Op::Wait { id, .. }
        | Op::Ready { id }
        | Op::Reclaim { id, .. }
        | Op::End { id, .. }
        | Op::Reopen { id, .. }
        | Op::Cancel { id, .. } => Some(id),
        Op::Anchor { .. } | Op::Hold(_) | Op::Release { .. } | Op::Answer { .. } => None,
    }
}

fn made_ready(op: &Op) -> Option<&str> {
    match op {
        Op::Ready { id } => Some(&id.pipeline),
        _ => None,
    }
}

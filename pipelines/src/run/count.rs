//! Rows in and out of a relation, from the counters of its phases.

use std::collections::BTreeMap;

use crate::manifest::StepCount;
use crate::relation::{Phase, Query, RelationPlan};
use crate::stream::Rows;

/// The counters of one relation, phase by phase.
pub(super) struct Counted {
    name: String,
    inputs: Vec<String>,
    phases: Vec<(Kind, Rows)>,
}

/// What the difference between rows in and rows out of a phase means.
#[derive(Clone, Copy)]
enum Kind {
    Read,
    Quarantine,
    Sample,
    Filter,
    Deduplicate,
    Group,
    Join,
    Unmatched,
    Free,
}

impl Counted {
    pub(super) fn new(relation: &RelationPlan) -> Self {
        Self { name: relation.name.clone(), inputs: relation.inputs.clone(), phases: Vec::new() }
    }

    pub(super) fn push(&mut self, phase: &Phase, rows: Rows) {
        let kind = match phase {
            Phase::Read { .. } => Kind::Read,
            Phase::Govern(_) | Phase::Unique(_) => Kind::Quarantine,
            Phase::Sample(_) => Kind::Sample,
            Phase::Query(Query::Filter { .. }) => Kind::Filter,
            Phase::Query(Query::Deduplicate(_)) => Kind::Deduplicate,
            Phase::Query(Query::Aggregate(_)) => Kind::Group,
            Phase::Query(Query::Sql { .. }) if self.inputs.len() > 1 => Kind::Group,
            Phase::Query(Query::Join(_)) => Kind::Join,
            Phase::Query(Query::Matched) => Kind::Unmatched,
            Phase::Query(_) => Kind::Free,
        };
        self.phases.push((kind, rows));
    }

    /// The balance of the relation. `outs` holds the rows that left the relations before it.
    pub(super) fn step(&self, outs: &mut BTreeMap<String, u64>) -> StepCount {
        let input = |name: &String| outs.get(name).copied().unwrap_or(0);
        let joins = matches!(self.phases.first(), Some((Kind::Join, _)));
        let entering: u64 =
            if joins { self.inputs.first().map_or(0, input) } else { self.inputs.iter().map(input).sum() };
        let mut step = StepCount { step: self.name.clone(), read: entering, ..StepCount::default() };
        let mut before = entering;
        for (kind, rows) in &self.phases {
            let after = rows.get();
            if matches!(kind, Kind::Read) {
                step.read = after;
                before = after;
            }
            let lost = before.saturating_sub(after);
            step.multiplied += after.saturating_sub(before);
            match kind {
                Kind::Quarantine => step.quarantined += lost,
                Kind::Sample => step.sampled += lost,
                Kind::Deduplicate => step.deduplicated += lost,
                Kind::Group => step.grouped += lost,
                Kind::Unmatched => step.unmatched += lost,
                Kind::Filter | Kind::Free | Kind::Join | Kind::Read => step.filtered += lost,
            }
            before = after;
        }
        step.out = before;
        outs.insert(self.name.clone(), before);
        step
    }
}

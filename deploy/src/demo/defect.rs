//! Where defects are planted: one in every block of rows, each kind in turn, at a place that chance picks.

use super::chance::{Dice, Family};

/// Rows of a block.
const BLOCK: u64 = 40;

/// What the checks have to find in a planted row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Planted {
    /// Item of the resource.
    pub(super) item: &'static str,
    /// Rule, as in the run's report: `standard:citizen_id`, `range`, …
    pub(super) rule: &'static str,
    /// Reason within the rule.
    pub(super) reason: &'static str,
}

/// Short form for tables of defects.
pub(super) const fn planted(item: &'static str, rule: &'static str, reason: &'static str) -> Planted {
    Planted { item, rule, reason }
}

/// Says for each row which defect it gets, if any.
#[derive(Debug)]
pub(super) struct Planter {
    dice: Dice,
    kinds: u64,
    block: Option<(u64, u64)>,
}

impl Planter {
    /// Plants `kinds` kinds of defects into the rows of a resource.
    pub(super) fn new(seed: u64, resource: Family, kinds: usize) -> Self {
        let seed = seed.rotate_left(8) ^ resource as u64;
        Self { dice: Dice::new(seed, Family::Defect), kinds: kinds as u64, block: None }
    }

    /// The defect of a row, by its number in the table of kinds.
    pub(super) fn at(&mut self, row: u64) -> Option<usize> {
        let block = row / BLOCK;
        let place = match self.block {
            Some((known, place)) if known == block => place,
            _ => {
                let place = self.dice.row(block).below(BLOCK);
                self.block = Some((block, place));
                place
            }
        };
        (row % BLOCK == place).then(|| usize::try_from(block % self.kinds).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_defect_a_block_and_every_kind_in_turn() {
        let mut planter = Planter::new(1, Family::Resident, 7);
        let found: Vec<usize> = (0..BLOCK * 14).filter_map(|row| planter.at(row)).collect();
        assert_eq!(found, (0..14).map(|block| block % 7).collect::<Vec<_>>());
    }
}

//! Repeatable chance: every row of every resource has a stream of its own.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Which stream family: one per resource, so that resources do not imitate each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Family {
    /// Persons.
    Person = 1,
    /// Enterprises.
    Company,
    /// Rows of the resident register.
    Resident,
    /// Rows of the insured persons.
    Insured,
    /// Rows of the enterprise register.
    CompanyRow,
    /// Rows of the allowances.
    Allowance,
    /// Rows of the dwellings.
    Dwelling,
    /// Rows of the follow-ups.
    FollowUp,
    /// Where defects are planted.
    Defect,
}

/// The source of streams of one family.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    base: ChaCha8Rng,
}

/// The stream of one row.
#[derive(Debug, Clone)]
pub(super) struct Chance {
    stream: ChaCha8Rng,
}

impl Dice {
    /// The family's streams under a seed.
    pub(super) fn new(seed: u64, family: Family) -> Self {
        Self { base: ChaCha8Rng::seed_from_u64(seed ^ ((family as u64) << 56)) }
    }

    /// The stream of one row.
    pub(super) fn row(&self, row: u64) -> Chance {
        let mut stream = self.base.clone();
        stream.set_stream(row);
        Chance { stream }
    }
}

impl Chance {
    /// A number below `bound`, which must not be 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.stream.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// One of a list, which must not be empty.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.below(from.len() as u64);
        &from[usize::try_from(index).unwrap_or(0)]
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

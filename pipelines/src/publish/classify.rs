//! What becomes of every row, decided key by key. Pure: rows of one key in, marks and counts out.
//!
//! Merge (current state): an older staged row never replaces a newer one (stale). Content is every column with the
//! version column, so a row whose version alone is newer is an update.
//!
//! History: content leaves the version column out, so a row whose version alone differs is unchanged; the current row
//! takes over a newer version, so that a late row in between cannot pass for newer. Changed content ends the current
//! row where the new one begins. Content that differs at or before the current row's version is stale, except that
//! without a version column the same business date may be delivered again: its row is replaced in place. Nothing begins
//! before the last end of its key. A key's absence from a load older than the row's version says nothing about it.
//!
//! Inside one staged set the highest version of a key wins, ties by fingerprint; the others are deduplicated.

use super::marks::Marks;

/// Where a row of a key group comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Side {
    /// The target table.
    Table = 0,
    /// The stage.
    Staged = 1,
    /// The stage, and its flag says "deleted".
    Flagged = 2,
    /// The keys of quarantined rows.
    Held = 3,
}

impl Side {
    /// The side with this number.
    pub(super) fn of(number: u8) -> Self {
        match number {
            0 => Self::Table,
            1 => Self::Staged,
            2 => Self::Flagged,
            _ => Self::Held,
        }
    }
}

/// How a key group is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// One current row a key.
    Merge {
        /// A key that is not staged leaves the table.
        by_absence: bool,
    },
    /// One current row a key, which stays.
    Insert,
    /// Validity intervals.
    History {
        /// A key that is not staged is closed.
        by_absence: bool,
        /// Where it is closed.
        boundary: i64,
        /// Whether rows have a version column (else all begin at the boundary).
        versioned: bool,
        /// Whether a load without versions comes after one of a later boundary.
        late: bool,
    },
}

/// One row of a key group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) side: Side,
    /// Comparable bytes of its version; of `valid_from` in a history without versions. Empty without either.
    pub(super) version: &'a [u8],
    /// Fingerprint of its content.
    pub(super) print: [u8; 16],
    pub(super) file: u32,
    pub(super) row: u64,
    /// End of its validity, for closed rows of a history table.
    pub(super) until: Option<i64>,
}

impl<'a> Row<'a> {
    fn rank(&self) -> impl Ord + use<'a> {
        use std::cmp::Reverse;
        (self.version, self.print, Reverse(self.file), Reverse(self.row))
    }
}

/// Rows by what became of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) stale: u64,
    pub(super) deduplicated: u64,
    pub(super) flagged: u64,
    pub(super) deleted: u64,
    /// Rows the target gains.
    pub(super) gained: u64,
}

impl Counts {
    /// Staged rows accounted for.
    pub(super) fn staged(&self) -> u64 {
        self.inserted + self.updated + self.unchanged + self.stale + self.deduplicated + self.flagged
    }
}

/// Everything decided about one publication.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    /// Target rows to drop or close.
    pub(super) table: Marks,
    /// Staged rows that are not written.
    pub(super) staged: Marks,
    pub(super) counts: Counts,
}

impl Decisions {
    /// Nothing decided about this many files.
    pub(super) fn new(table_files: usize, staged_files: usize) -> Self {
        Self { table: Marks::new(table_files), staged: Marks::new(staged_files), counts: Counts::default() }
    }

    /// Decides all rows of one key.
    pub(super) fn decide(&mut self, group: &[Row<'_>], rules: Rules) {
        let staged = self.settle(group);
        let held = group.iter().any(|row| row.side == Side::Held);
        match rules {
            Rules::Merge { by_absence } => self.merge(group, staged, by_absence && !held),
            Rules::Insert => self.enter(group, staged),
            Rules::History { by_absence, boundary, versioned, late } => match staged {
                Some(staged) => self.succeed(group, staged, versioned, late),
                None if by_absence && !held => self.close_absent(group, boundary),
                None => {}
            },
        }
    }

    /// Ends one current history row whose key is absent from a load of `boundary`.
    pub(super) fn absent_since(&mut self, file: u32, row: u64, began: &[u8], boundary: i64) {
        if began <= order_bytes(boundary).as_slice() {
            self.table.of_mut(file).close_row(row, boundary);
            self.counts.deleted += 1;
        }
    }

    /// Drops one row of the target.
    pub(super) fn delete(&mut self, file: u32, row: u64) {
        self.table.of_mut(file).drop_row(row);
        self.counts.deleted += 1;
    }

    /// Leaves a staged row out that is alone with its key and whose flag says "deleted".
    pub(super) fn flag(&mut self, file: u32, row: u64) {
        self.staged.of_mut(file).drop_row(row);
        self.counts.flagged += 1;
    }

    /// Takes staged rows that are alone with their keys.
    pub(super) fn insert(&mut self, rows: u64) {
        self.counts.inserted += rows;
        self.counts.gained += rows;
    }

    fn settle<'g, 'a>(&mut self, group: &'g [Row<'a>]) -> Option<&'g Row<'a>> {
        let staged = || group.iter().filter(|row| matches!(row.side, Side::Staged | Side::Flagged));
        let best = staged().max_by(|a, b| a.rank().cmp(&b.rank()))?;
        for loser in staged().filter(|row| !std::ptr::eq(*row, best)) {
            self.staged.of_mut(loser.file).drop_row(loser.row);
            self.counts.deduplicated += 1;
        }
        Some(best)
    }

    fn enter(&mut self, group: &[Row<'_>], staged: Option<&Row<'_>>) {
        let Some(staged) = staged else { return };
        if group.iter().any(|row| row.side == Side::Table) {
            self.counts.stale += 1;
            self.leave(staged);
        } else if staged.side == Side::Flagged {
            self.flag(staged.file, staged.row);
        } else {
            self.insert(1);
        }
    }

    fn merge(&mut self, group: &[Row<'_>], staged: Option<&Row<'_>>, absent: bool) {
        let table = || group.iter().filter(|row| row.side == Side::Table);
        let Some(staged) = staged else {
            if absent {
                table().for_each(|row| self.delete(row.file, row.row));
            }
            return;
        };
        let newest = table().max_by(|a, b| a.rank().cmp(&b.rank()));
        match newest {
            None if staged.side == Side::Flagged => self.flag(staged.file, staged.row),
            None => self.insert(1),
            Some(newest) if staged.version < newest.version => {
                self.counts.stale += 1;
                self.leave(staged);
            }
            Some(_) if staged.side == Side::Flagged => {
                table().for_each(|row| self.delete(row.file, row.row));
                self.flag(staged.file, staged.row);
            }
            Some(newest) if staged.print == newest.print => {
                self.counts.unchanged += 1;
                self.leave(staged);
            }
            Some(newest) => {
                // A table others wrote to may hold a key more than once; the update leaves one row.
                for row in table() {
                    self.table.of_mut(row.file).drop_row(row.row);
                    self.counts.deleted += u64::from(!std::ptr::eq(row, newest));
                }
                self.counts.updated += 1;
                self.counts.gained += 1;
            }
        }
    }

    fn succeed(&mut self, group: &[Row<'_>], staged: &Row<'_>, versioned: bool, late: bool) {
        let table = || group.iter().filter(|row| row.side == Side::Table);
        let open = || table().filter(|row| row.until.is_none());
        let last_end = table().filter_map(|row| row.until).max();
        let Some(current) = open().max_by(|a, b| a.rank().cmp(&b.rank())) else {
            if staged.side == Side::Flagged {
                self.flag(staged.file, staged.row);
            } else if last_end.is_some_and(|end| staged.version < order_bytes(end).as_slice()) {
                self.counts.stale += 1;
                self.leave(staged);
            } else {
                self.insert(1);
            }
            return;
        };
        let flagged = staged.side == Side::Flagged;
        let older = staged.version < current.version || late;
        if !flagged && staged.print == current.print {
            if versioned && !older && staged.version > current.version {
                self.renew(current, staged.version);
            }
            self.counts.unchanged += 1;
            self.leave(staged);
        } else if older || (staged.version == current.version && versioned && !flagged) {
            self.counts.stale += 1;
            self.leave(staged);
        } else if flagged {
            open().for_each(|row| self.close(row, staged.version));
            self.counts.deleted += open().count() as u64;
            self.flag(staged.file, staged.row);
        } else if staged.version == current.version {
            self.table.of_mut(current.file).drop_row(current.row);
            self.counts.updated += 1;
            self.counts.gained += 1;
        } else {
            open().for_each(|row| self.close(row, staged.version));
            self.counts.updated += 1;
            self.counts.gained += 1;
        }
    }

    fn close_absent(&mut self, group: &[Row<'_>], boundary: i64) {
        for row in group.iter().filter(|row| row.side == Side::Table && row.until.is_none()) {
            self.absent_since(row.file, row.row, row.version, boundary);
        }
    }

    fn close(&mut self, row: &Row<'_>, version: &[u8]) {
        if let Some(at) = from_order_bytes(version) {
            self.table.of_mut(row.file).close_row(row.row, at);
        }
    }

    fn renew(&mut self, row: &Row<'_>, version: &[u8]) {
        if let Some(version) = from_order_bytes(version) {
            self.table.of_mut(row.file).renew_row(row.row, version);
        }
    }

    fn leave(&mut self, staged: &Row<'_>) {
        self.staged.of_mut(staged.file).drop_row(staged.row);
    }
}

/// Bytes that compare like the number.
pub(super) fn order_bytes(number: i64) -> [u8; 8] {
    (number ^ i64::MIN).to_be_bytes()
}

/// The number of [`order_bytes`].
pub(super) fn from_order_bytes(bytes: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(bytes.try_into().ok()?) ^ i64::MIN)
}

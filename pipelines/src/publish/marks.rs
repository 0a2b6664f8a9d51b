//! Which rows of which files are affected: one bit a row, held only for files that are.

/// The decisions about the rows of one file.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct FileMarks {
    dropped: Vec<u64>,
    dropped_rows: u64,
    /// Row and end, ascending by row once settled.
    closed: Vec<(u64, i64)>,
    /// Row and version, likewise.
    renewed: Vec<(u64, i64)>,
}

impl FileMarks {
    /// Leaves a row out of what will be written. Doing it twice counts once.
    pub(super) fn drop_row(&mut self, row: u64) {
        let word = usize::try_from(row / 64).unwrap_or(usize::MAX);
        if self.dropped.len() <= word {
            self.dropped.resize(word + 1, 0);
        }
        let bit = 1 << (row % 64);
        self.dropped_rows += u64::from(self.dropped[word] & bit == 0);
        self.dropped[word] |= bit;
    }

    /// Ends the validity of a row.
    pub(super) fn close_row(&mut self, row: u64, at: i64) {
        self.closed.push((row, at));
    }

    /// Raises the version of a row whose content is the same.
    pub(super) fn renew_row(&mut self, row: u64, version: i64) {
        self.renewed.push((row, version));
    }

    /// Whether the row is left out.
    pub(super) fn drops(&self, row: u64) -> bool {
        let word = usize::try_from(row / 64).unwrap_or(usize::MAX);
        self.dropped.get(word).is_some_and(|bits| bits & 1 << (row % 64) != 0)
    }

    /// When the row's validity ends, if it was closed now. Only after [`Marks::settle`].
    pub(super) fn closes(&self, row: u64) -> Option<i64> {
        find(&self.closed, row)
    }

    /// The version the row's content was seen at now. Only after [`Marks::settle`].
    pub(super) fn renews(&self, row: u64) -> Option<i64> {
        find(&self.renewed, row)
    }

    /// Rows left out.
    pub(super) fn dropped_rows(&self) -> u64 {
        self.dropped_rows
    }

    /// Whether any row of the file changes.
    pub(super) fn touched(&self) -> bool {
        self.dropped_rows > 0 || !self.closed.is_empty() || !self.renewed.is_empty()
    }

    /// Whether any row is closed.
    pub(super) fn any_closed(&self) -> bool {
        !self.closed.is_empty()
    }

    /// Whether any row gets a new version.
    pub(super) fn any_renewed(&self) -> bool {
        !self.renewed.is_empty()
    }
}

fn find(sorted: &[(u64, i64)], row: u64) -> Option<i64> {
    let found = sorted.binary_search_by_key(&row, |(row, _)| *row).ok()?;
    Some(sorted[found].1)
}

/// The decisions about the files of one list.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Marks(Vec<FileMarks>);

impl Marks {
    /// Marks for `files` files, none of them touched.
    pub(super) fn new(files: usize) -> Self {
        Self(vec![FileMarks::default(); files])
    }

    /// The marks of a file.
    pub(super) fn of(&self, file: usize) -> &FileMarks {
        &self.0[file]
    }

    /// The marks of a file, to be changed.
    pub(super) fn of_mut(&mut self, file: u32) -> &mut FileMarks {
        &mut self.0[file as usize]
    }

    /// Ends the marking: from here on the marks are only read.
    pub(super) fn settle(&mut self) {
        for file in &mut self.0 {
            file.closed.sort_unstable();
            file.renewed.sort_unstable();
        }
    }

    /// Rows left out of all files.
    pub(super) fn dropped_rows(&self) -> u64 {
        self.0.iter().map(FileMarks::dropped_rows).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::FileMarks;

    #[test]
    fn a_row_is_dropped_once() {
        let mut marks = FileMarks::default();
        assert!(!marks.touched());
        marks.drop_row(64);
        marks.drop_row(64);
        assert_eq!(marks.dropped_rows(), 1);
        assert!(marks.drops(64) && !marks.drops(0) && !marks.drops(1 << 40));
    }
}

//! A window of checked text over a file, and batches out of it.

use arrow::array::RecordBatch;
use futures::{StreamExt, TryStreamExt};

use super::Text;
use crate::Error;
use crate::input::Pieces;
use crate::source::Batches;

/// Fewest bytes that one fill asks for.
const FILL: usize = 256 << 10;

/// A window of checked text over a file, for parsers that take whole records from its front.
pub(crate) struct Window {
    pieces: Pieces,
    text: Text,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
}

impl Window {
    pub(crate) fn new(pieces: Pieces, text: Text) -> Self {
        Self { pieces, text, buffer: Vec::new(), start: 0, ended: false }
    }

    /// The text that has been read and not consumed.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Whether [`Window::unread`] reaches to the end of the file.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn consume(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Reads on. The window at least doubles, so that a long record is not looked at over and over.
    pub(crate) async fn fill(&mut self) -> Result<(), Error> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let wanted = self.buffer.len().saturating_add(self.buffer.len().max(FILL));
        while self.buffer.len() < wanted && !self.ended {
            match self.pieces.try_next().await? {
                Some(piece) => self.text.push(&piece, false, &mut self.buffer)?,
                None => {
                    self.text.push(&[], true, &mut self.buffer)?;
                    self.ended = true;
                }
            }
        }
        Ok(())
    }
}

/// A parser that takes whole records from the front of a window and makes batches of them.
pub(crate) trait Records: Send + 'static {
    /// Takes records until the batch is full or more text is needed, and says how many bytes they had.
    /// `last` says that the text ends the file.
    fn parse(&mut self, text: &[u8], last: bool) -> Result<usize, Error>;

    /// Whether the batch must be finished before more is parsed.
    fn full(&self) -> bool;

    /// The batch so far, or `None` if it has no rows.
    fn finish(&mut self) -> Result<Option<RecordBatch>, Error>;
}

/// The batches that `records` makes of the window that `opening` opens.
pub(crate) fn batches<R, F>(opening: F, records: R) -> Batches
where
    R: Records,
    F: Future<Output = Result<Window, Error>> + Send + 'static,
{
    let stream = async move {
        let start = (opening.await?, records);
        Ok::<_, Error>(futures::stream::try_unfold(start, |(mut window, mut records)| async move {
            let batch = next(&mut window, &mut records).await?;
            Ok(batch.map(|batch| (batch, (window, records))))
        }))
    };
    futures::stream::once(stream).try_flatten().boxed()
}

async fn next(window: &mut Window, records: &mut impl Records) -> Result<Option<RecordBatch>, Error> {
    loop {
        let used = records.parse(window.unread(), window.ended())?;
        window.consume(used);
        if records.full() || window.ended() {
            return records.finish();
        }
        window.fill().await?;
    }
}

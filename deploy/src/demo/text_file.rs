//! Text files in the departments' encodings and compressions, written in chunks.

use std::path::{Path, PathBuf};

use async_compression::tokio::write::GzipEncoder;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::error::Error;

/// Bytes after which a chunk is written.
const CHUNK: usize = 1 << 20;

/// What surrounds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// UTF-8.
    Utf8,
    /// GBK.
    Gbk,
    /// UTF-8, compressed by gzip.
    Gzip,
}

/// A text file that is being written.
#[derive(Debug)]
pub(super) struct TextFile {
    path: PathBuf,
    sink: Sink,
    form: Form,
    /// Text that waits to be written; append to it, then call [`TextFile::flush_if_full`].
    pub(super) text: String,
}

#[derive(Debug)]
enum Sink {
    Plain(File),
    Gzip(Box<GzipEncoder<File>>),
}

impl TextFile {
    /// Starts the file, with its folder.
    pub(super) async fn create(path: &Path, form: Form) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(|error| Error::io("create", folder, &error))?;
        }
        let file = File::create(path).await.map_err(|error| Error::io("create", path, &error))?;
        let sink = if form == Form::Gzip { Sink::Gzip(Box::new(GzipEncoder::new(file))) } else { Sink::Plain(file) };
        Ok(Self { path: path.to_owned(), sink, form, text: String::with_capacity(CHUNK + 4096) })
    }

    /// Writes the waiting text when there is a chunk of it.
    pub(super) async fn flush_if_full(&mut self) -> Result<(), Error> {
        if self.text.len() >= CHUNK { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let bytes = match self.form {
            Form::Gbk => encoding_rs::GBK.encode(&self.text).0,
            Form::Utf8 | Form::Gzip => self.text.as_bytes().into(),
        };
        let written = match &mut self.sink {
            Sink::Plain(file) => file.write_all(&bytes).await,
            Sink::Gzip(encoder) => encoder.write_all(&bytes).await,
        };
        written.map_err(|error| Error::io("write", &self.path, &error))?;
        self.text.clear();
        Ok(())
    }

    /// Writes the rest and closes the file.
    pub(super) async fn finish(mut self) -> Result<(), Error> {
        self.flush().await?;
        let closed = match &mut self.sink {
            Sink::Plain(file) => file.shutdown().await,
            Sink::Gzip(encoder) => encoder.shutdown().await,
        };
        closed.map_err(|error| Error::io("write", &self.path, &error))
    }
}

/// Writes a small file at once.
pub(super) async fn small(path: &Path, text: &str) -> Result<(), Error> {
    let mut file = TextFile::create(path, Form::Utf8).await?;
    file.text.push_str(text);
    file.finish().await
}

//! `truth.csv`: one line for every planted defect, so that what the checks find can be compared with what is there.

use std::path::{Path, PathBuf};

use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::Delivery;
use super::defect::Planted;
use crate::error::Error;

/// The first line of the file.
pub(super) const HEADER: &str = "delivery,resource,file,row,item,rule,reason\n";

/// The truth file, being appended to.
#[derive(Debug)]
pub(super) struct Truth {
    path: PathBuf,
    delivery: u8,
    file: BufWriter<File>,
}

impl Truth {
    /// Starts it for the first delivery, continues it for the second.
    pub(super) async fn open(path: &Path, delivery: Delivery) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(|error| Error::io("create", folder, &error))?;
        }
        let first = delivery == Delivery::First;
        let file = OpenOptions::new().create(true).write(true).truncate(first).append(!first).open(path).await;
        let file = BufWriter::with_capacity(1 << 16, file.map_err(|error| Error::io("create", path, &error))?);
        let mut truth = Self { path: path.to_owned(), delivery: delivery.number(), file };
        if first {
            truth.line(HEADER).await?;
        }
        Ok(truth)
    }

    /// Notes a defect in data row `row` (from 1) of a file.
    pub(super) async fn note(&mut self, resource: &str, file: &str, row: u64, planted: Planted) -> Result<(), Error> {
        let Planted { item, rule, reason } = planted;
        let line = format!("{},{resource},{file},{row},{item},{rule},{reason}\n", self.delivery);
        self.line(&line).await
    }

    async fn line(&mut self, line: &str) -> Result<(), Error> {
        self.file.write_all(line.as_bytes()).await.map_err(|error| Error::io("write", &self.path, &error))
    }

    /// Writes the rest.
    pub(super) async fn finish(mut self) -> Result<(), Error> {
        self.file.shutdown().await.map_err(|error| Error::io("write", &self.path, &error))
    }
}

//! Logs of runs: the newest lines of each, searchable.

use super::batch::{self, Cell};
use super::{Catalog, row};
use crate::log::{LogLevel, LogLine, LogRange, NumberedLine};
use crate::{Actor, Error, clock};
use chrono::{DateTime, Utc};
use sqlx::any::AnyRow;
use sqlx::{Row, query, query_scalar};

/// Most bytes of a line; what is longer is cut there and marked.
const LONGEST: usize = 4096;
const INTO: &str = "run_log (tenant, run_id, line_no, at, level, target, line)";

impl Catalog {
    /// Adds lines to the log of a run, which keeps its newest `keep` lines.
    ///
    /// # Errors
    /// K301.
    pub async fn log(&self, actor: &Actor, run: &str, lines: &[LogLine], keep: u32) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut tx = self.write(actor).await?;
        let last: i64 = query_scalar("SELECT COALESCE(MAX(line_no), 0) FROM run_log WHERE tenant = $1 AND run_id = $2")
            .bind(&actor.tenant)
            .bind(run)
            .fetch_one(tx.conn())
            .await?;
        let newest = last + lines.len() as i64;
        let oldest = newest - i64::from(keep.max(1));
        let numbered = (last + 1..).zip(lines).filter(|(no, _)| *no > oldest);
        let rows: Vec<[Cell; 6]> = numbered.map(|(no, line)| cells(run, no, line)).collect();
        batch::insert(tx.conn(), &actor.tenant, INTO, rows, "").await?;
        query("DELETE FROM run_log WHERE tenant = $1 AND run_id = $2 AND line_no <= $3")
            .bind(&actor.tenant)
            .bind(run)
            .bind(oldest)
            .execute(tx.conn())
            .await?;
        tx.commit().await
    }

    /// Lines of a run, in order.
    ///
    /// # Errors
    /// K301.
    pub async fn logs(&self, actor: &Actor, run: &str, range: &LogRange) -> Result<Vec<NumberedLine>, Error> {
        const FORWARD: &str = "SELECT * FROM run_log WHERE tenant = $1 AND run_id = $2 AND line_no >= $3 \
             AND LOWER(line) LIKE $4 ESCAPE '!' ORDER BY line_no LIMIT $5";
        const BACKWARD: &str = "SELECT * FROM run_log WHERE tenant = $1 AND run_id = $2 AND line_no >= $3 \
             AND LOWER(line) LIKE $4 ESCAPE '!' ORDER BY line_no DESC LIMIT $5";
        let rows = query(if range.from.is_some() { FORWARD } else { BACKWARD })
            .bind(&actor.tenant)
            .bind(run)
            .bind(range.from.unwrap_or(0))
            .bind(pattern(&range.contains))
            .bind(i64::from(range.count))
            .fetch_all(&self.reader)
            .await?;
        let mut lines: Vec<NumberedLine> = rows.iter().map(line).collect::<Result<_, _>>()?;
        lines.sort_by_key(|line| line.no);
        Ok(lines)
    }

    /// Drops lines that were written before an instant; returns how many.
    ///
    /// # Errors
    /// K301.
    pub async fn prune_logs(&self, actor: &Actor, before: DateTime<Utc>) -> Result<u64, Error> {
        let mut tx = self.write(actor).await?;
        let gone = query("DELETE FROM run_log WHERE tenant = $1 AND at < $2")
            .bind(&actor.tenant)
            .bind(clock::text(before))
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

fn cells(run: &str, no: i64, line: &LogLine) -> [Cell; 6] {
    [
        run.into(),
        no.into(),
        clock::text(line.at).into(),
        line.level.as_str().into(),
        line.target.as_str().into(),
        cut(&line.text).into(),
    ]
}

/// A text of at most [`LONGEST`] bytes; NUL, which PostgreSQL's texts cannot hold, is left out.
fn cut(text: &str) -> String {
    let text = text.replace('\0', "");
    if text.len() <= LONGEST {
        return text;
    }
    let mut end = LONGEST - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// A pattern of LIKE that finds a text as it is.
fn pattern(contains: &str) -> String {
    let mut out = String::from("%");
    for letter in contains.chars() {
        if "%_!".contains(letter) {
            out.push('!');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out.push('%');
    out
}

fn line(row: &AnyRow) -> Result<NumberedLine, Error> {
    let level: &str = row.try_get("level")?;
    Ok(NumberedLine {
        no: row.try_get("line_no")?,
        line: LogLine {
            at: row::instant(row, "at")?,
            level: LogLevel::parse(level).ok_or_else(row::decode)?,
            target: row.try_get("target")?,
            text: row.try_get("line")?,
        },
    })
}

//! A test aid: `SLUICE_CRASH=<point>:<n>` kills this process the n-th time a crash point is reached, as a power cut
//! would, so that tests can prove that a re-run neither loses nor doubles a row. Without the variable nothing is
//! installed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use pipelines::crash::{self, POINTS};

use crate::error::Error;

static WANTED: OnceLock<(String, u32)> = OnceLock::new();
static REACHED: AtomicU32 = AtomicU32::new(0);

/// Installs the kill switch when the variable is set.
pub(crate) fn install_from_environment() -> Result<(), Error> {
    let Ok(text) = std::env::var("SLUICE_CRASH") else {
        return Ok(());
    };
    let wanted = parse(&text).ok_or_else(|| Error::BadCrashPoint { known: POINTS.join(", ") })?;
    let _ = WANTED.set(wanted);
    crash::install(reached);
    Ok(())
}

fn parse(text: &str) -> Option<(String, u32)> {
    let (point, count) = text.split_once(':').unwrap_or((text, "1"));
    let count = count.parse().ok().filter(|count| *count > 0)?;
    POINTS.contains(&point).then(|| (point.to_owned(), count))
}

fn reached(point: &'static str) {
    let Some((wanted, count)) = WANTED.get() else {
        return;
    };
    if point == wanted && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == *count {
        kill_self();
    }
}

/// SIGKILL, which no destructor survives; `sh` sends it because the house has no unsafe code.
fn kill_self() -> ! {
    let own = std::process::id().to_string();
    let _ = std::process::Command::new("sh").args(["-c", "kill -KILL \"$0\"", &own]).status();
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_points_and_counts_from_one() {
        assert_eq!(parse("intent.recorded:3"), Some(("intent.recorded".to_owned(), 3)));
        assert_eq!(parse("intent.recorded"), Some(("intent.recorded".to_owned(), 1)));
        assert_eq!(parse("intent.recorded:0"), None);
        assert_eq!(parse("nowhere:1"), None);
    }
}

//! A test aid: `SLUICE_CRASH=<point>:<n>` kills this process the n-th time a crash point is reached, as a power cut
//! would, so that tests can prove that a re-run neither loses nor doubles a row. `SLUICE_STOP=<point>:<n>` makes it stand
//! still there until it is continued, as a machine that sleeps would. Without the variables nothing is installed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use pipelines::crash::{self, POINTS};

use crate::error::Error;

/// Variables, and the signals the process sends itself.
const SWITCHES: [(&str, &str); 2] = [("SLUICE_CRASH", "KILL"), ("SLUICE_STOP", "STOP")];

static WANTED: OnceLock<(&str, String, u32)> = OnceLock::new();
static REACHED: AtomicU32 = AtomicU32::new(0);

/// Installs the switch when one of the variables is set.
pub(crate) fn install_from_environment() -> Result<(), Error> {
    for (variable, signal) in SWITCHES {
        let Ok(text) = std::env::var(variable) else { continue };
        let known = || Error::BadCrashPoint { known: POINTS.join(", ") };
        let (point, count) = parse(&text).ok_or_else(known)?;
        let _ = WANTED.set((signal, point, count));
        crash::install(reached);
    }
    Ok(())
}

fn parse(text: &str) -> Option<(String, u32)> {
    let (point, count) = text.split_once(':').unwrap_or((text, "1"));
    let count = count.parse().ok().filter(|count| *count > 0)?;
    POINTS.contains(&point).then(|| (point.to_owned(), count))
}

fn reached(point: &'static str) {
    let Some((signal, wanted, count)) = WANTED.get() else {
        return;
    };
    if point == wanted && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == *count {
        signal_self(signal);
    }
}

/// `sh` sends the signal, so that no unsafe code is needed. No destructor survives SIGKILL.
fn signal_self(signal: &str) {
    let own = std::process::id().to_string();
    let _ = std::process::Command::new("sh").args(["-c", "kill -\"$1\" \"$0\"", &own, signal]).status();
    if signal == "KILL" {
        std::process::abort();
    }
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

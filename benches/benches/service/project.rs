//! The projects that are scheduled: as many pipelines as are wanted, each a file, on the scaffold of `sluice init`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use chrono::Utc;

/// Longest interval that a schedule may have, in seconds.
const LONGEST: i64 = 366 * 86_400;

/// Runs at the same time, and slots of their pool.
const SERVICE: &str = "
[service]
workers = 128
lease = \"60s\"

[pools.default]
slots = 1000
";

/// Pipelines that all fire every minute.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn every_minute(folder: &Path, pipelines: u32, server: bool) -> Result<(), String> {
    write(folder, server, (0..pipelines).map(|_| "cron = \"* * * * *\"".to_owned()))
}

/// Pipelines that fire once each, spread over the seconds after an instant. Intervals count from 1970, so a pipeline
/// fires at a second that its interval divides; a second that no interval divides has none, the others have more.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn spread(folder: &Path, pipelines: u32, from: i64, seconds: u32, server: bool) -> Result<(), String> {
    let window = from + 1..from + 1 + i64::from(seconds);
    let shortest = i64::from(seconds).max(60) + 1;
    let intervals: Vec<i64> =
        window.filter_map(|second| (shortest..=LONGEST).find(|every| second % every == 0)).collect();
    let all = intervals.iter().cycle().take(pipelines as usize).map(|every| format!("every = \"{every}s\""));
    write(folder, server, all)
}

fn write(folder: &Path, server: bool, schedules: impl Iterator<Item = String>) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    pipelines::project::init(folder, Utc::now().date_naive()).map_err(|error| error.to_string())?;
    fs::remove_file(folder.join("pipelines/insured.toml")).map_err(text)?;
    let mut settings = fs::read_to_string(folder.join("sluice.toml")).map_err(text)?;
    if server {
        settings = settings.replace("# ledger =", "ledger =");
    }
    settings.push_str(SERVICE);
    fs::write(folder.join("sluice.toml"), settings).map_err(text)?;
    for (number, schedule) in schedules.enumerate() {
        fs::write(folder.join(format!("pipelines/p{number:05}.toml")), pipeline(number, &schedule)).map_err(text)?;
    }
    Ok(())
}

fn pipeline(number: usize, schedule: &str) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "[pipeline]\nid = \"bench.p{number:05}\"\ntitle = \"第{number}条\"\nowner = \"320900-hrss\"\n\n\
         [schedule]\n{schedule}\ndeadline = {{ within = \"10m\" }}\n\n\
         [[source]]\nname = \"insured\"\nconnection = \"front_machine\"\nfiles = \"insured.csv\"\n\
         resource = \"3/07/001/0001\"\n\n\
         [[library]]\ntable = \"bench.p{number:05}\"\nfrom = \"insured\"\nmode = \"merge\"\nkey = [\"citizen_id\"]\n\
         grant = \"G-0001\"\n"
    );
    text
}

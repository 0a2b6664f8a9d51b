//! `sluice serve` as a process: it fires, makes up, supplies, drains, reloads, answers on its port; a worker that
//! stood still publishes nothing that its successor would not; and a watchdog tells people, whatever the scheduler does.

mod outage;
pub(crate) mod process;
mod reload;
mod still;
mod times;
mod watch;

use crate::harness::Project;

/// A project with a pipeline for every minute and one that reads slowly.
fn project() -> Project {
    let project = Project::of(&["base", "serve"]);
    for folder in ["front", "slow"] {
        for (part, area) in [(1, "320902"), (2, "320903")] {
            let mut text = String::from("area_code,goods,amount\n");
            for number in 0..500 {
                text += &format!("{area},货{number},{number}\n");
            }
            project.put(format!("{folder}/stock_{part}.csv"), text);
        }
    }
    project
}

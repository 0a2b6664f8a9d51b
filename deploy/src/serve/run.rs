//! A tick's work, done by the engine under the definition the tick is pinned to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use catalog::audit::Event;
use catalog::schedule::{Tick, Vote};
use pipelines::engine::Engine;
use pipelines::report::RunReport;
use pipelines::run::{Order, Release};
use serde_json::json;

use super::definitions::Definitions;
use super::record::Recorder;
use super::{Control, Execute, Outcome, Settings};
use crate::messages::Messages;

/// Carries out ticks with the engine.
#[derive(Debug)]
pub(crate) struct Runs {
    pub(crate) definitions: Arc<Definitions>,
    pub(crate) settings: Settings,
    pub(crate) messages: Messages,
}

#[async_trait]
impl Execute for Runs {
    async fn run(&self, tick: &Tick, control: &Arc<Control>) -> Outcome {
        let (engine, pinned) = self.definitions.of(&tick.tick);
        if !pinned {
            instead(&engine, tick).await;
        }
        self.carry_out(&engine, tick, control).await.map_err(|error| error.problem())
    }
}

impl Runs {
    async fn carry_out(
        &self,
        engine: &Engine,
        tick: &Tick,
        control: &Arc<Control>,
    ) -> Result<RunReport, pipelines::Error> {
        control.entered("start");
        let plan = engine.plan_tick(&tick.tick).await?;
        let order = order(engine, tick, self.settings.lease).await?;
        let recorder = Recorder::start(engine, self.messages, self.settings.log_lines, control);
        let done = engine.carry_out(&plan, &order, recorder.progress(), control.stop().clone()).await;
        recorder.finish(&done).await;
        done
    }
}

/// The tick's order, with the word of the two people who let it pass its quality gate, if they did.
async fn order(engine: &Engine, tick: &Tick, lease: Duration) -> Result<Order, pipelines::Error> {
    let votes = match tick.attempt {
        0 | 1 => Vec::new(),
        attempt => engine.catalog().released(engine.actor(), &tick.tick.id, attempt).await?,
    };
    Ok(Order { cause: tick.tick.cause, by: engine.actor().name.clone(), release: release(votes), lease })
}

/// Two people's word; one alone opens nothing.
fn release(votes: Vec<Vote>) -> Option<Release> {
    let by: BTreeSet<&String> = votes.iter().map(|vote| &vote.by).collect();
    let note = votes.last()?.note.clone();
    (by.len() >= 2).then(|| Release { by: by.into_iter().cloned().collect(), note })
}

/// The definition a tick was pinned to is gone, as after a restart: the present one takes its place, on record.
async fn instead(engine: &Engine, tick: &Tick) {
    let id = &tick.tick.id;
    let present = engine.project().pipeline(&id.pipeline).map(|pipeline| pipeline.digest.as_str());
    let detail = json!({ "key": id.key, "pinned": tick.tick.definition_digest, "present": present });
    let event = Event::done("tick.definition", &id.pipeline, &id.key, detail);
    let _ = engine.catalog().append(engine.actor(), event).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_alone_opens_no_gate() {
        let vote = |by: &str| Vote { by: by.into(), note: "checked".into(), at: chrono::DateTime::UNIX_EPOCH };
        assert_eq!(release(Vec::new()), None);
        assert_eq!(release(vec![vote("a"), vote("a")]), None);
        let both = release(vec![vote("b"), vote("a")]);
        assert_eq!(both, Some(Release { by: vec!["a".into(), "b".into()], note: "checked".into() }));
    }
}

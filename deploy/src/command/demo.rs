//! `sluice demo`: makes the synthetic city, runs it for two days, says what happened and what to try.

use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{Days, NaiveDate};
use pipelines::engine::Engine;
use pipelines::report::{RunReport, Status};
use serde_json::{Value, json};

use super::{open, run as runner};
use crate::app::App;
use crate::card;
use crate::cli::DemoArgs;
use crate::demo::{self, City, Delivery, Written};
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::output::problem_json;
use crate::words::Titles;

/// What happened on the two days.
#[derive(Default)]
struct Told {
    tables: usize,
    datasets: usize,
    refused: usize,
    exits: Vec<Exit>,
    runs: Vec<Value>,
}

/// Makes and runs the demo. It exits 0 when everything happened as it should, the refusal included.
pub(super) async fn run(app: &App, arguments: &DemoArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let city = City { rows: arguments.rows, seed: arguments.seed };
    let days = days();
    let folder = prepare(&arguments.dir, arguments.force)?;
    note(app, "demo.generating", &[("rows", &city.rows), ("seed", &city.seed)]);
    demo::write_project(&folder, &demo::Terms::around(days[1]))?;
    super::schema::write(&folder.join("schemas"))?;
    let mut told = Told::default();
    let mut engine = None;
    for (delivery, day) in [Delivery::First, Delivery::Second].into_iter().zip(days) {
        if app.cancel.is_cancelled() {
            return Ok(Exit::Interrupted);
        }
        let written = demo::generate(&city, delivery, day, &folder).await?;
        if engine.is_none() {
            let Some(project) = open::project_at(app, &folder)? else {
                return Ok(Exit::Invalid);
            };
            engine = Some(open::engine_of(project).await?);
        }
        let Some(engine) = &engine else { continue };
        arrived(app, engine, delivery, day, &written);
        if !arguments.generate_only {
            one_day(app, engine, day, &mut told).await?;
        }
    }
    let seconds = format!("{:.1}", started.elapsed().as_secs_f64());
    farewell(app, &folder, days[1], &told, &seconds, arguments.generate_only);
    let exit = Exit::worst(told.exits.iter().copied());
    app.output.document(&json!({
        "exit": exit as u8, "project": folder.display().to_string(), "rows": city.rows, "seed": city.seed,
        "business_dates": days.map(|day| day.to_string()), "truth": folder.join("truth.csv").display().to_string(),
        "tables": told.tables, "datasets": told.datasets, "refused": told.refused, "runs": told.runs,
    }));
    Ok(exit)
}

/// The two days before today in Yancheng.
fn days() -> [NaiveDate; 2] {
    let today = open::today();
    [2, 1].map(|back| today.checked_sub_days(Days::new(back)).unwrap_or(today))
}

/// An empty folder for the demo; an older demo is replaced, anything else only when told to.
fn prepare(folder: &Path, force: bool) -> Result<PathBuf, Error> {
    let io = |action, error: &std::io::Error| Error::io(action, folder, error);
    if folder.exists() {
        let empty = folder.is_dir() && std::fs::read_dir(folder).map_err(|error| io("read", &error))?.next().is_none();
        let ours = folder.join(demo::MARK).is_file();
        if !empty && !ours && !force {
            return Err(Error::DemoFolder { path: folder.display().to_string() });
        }
        if folder.is_dir() {
            demo::clear(folder)?;
        }
    }
    std::fs::create_dir_all(folder).map_err(|error| io("create", &error))?;
    folder.canonicalize().map_err(|error| io("open", &error))
}

fn note(app: &App, key: &str, parameters: &[crate::messages::Parameter<'_>]) {
    if !app.global.quiet && !app.output.is_json() {
        app.output.note(&app.messages.text(key, parameters));
    }
}

fn arrived(app: &App, engine: &Engine, delivery: Delivery, day: NaiveDate, written: &Written) {
    let list: Vec<String> = written
        .iter()
        .map(|(code, rows)| {
            let title = engine.project().resources.get(*code).map_or(*code, |resource| resource.title.as_str());
            app.messages.text("demo.resource", &[("title", &title), ("rows", rows)])
        })
        .collect();
    let list = list.join(&app.messages.text("card.list", &[]));
    note(app, "demo.generated", &[("number", &delivery.number()), ("date", &day), ("list", &list)]);
}

async fn one_day(app: &App, engine: &Engine, day: NaiveDate, told: &mut Told) -> Result<(), Failure> {
    app.output.text(&format!("\n{}\n", app.messages.text("demo.day", &[("date", &day)])));
    for pipeline in engine.order() {
        if app.cancel.is_cancelled() {
            told.exits.push(Exit::Interrupted);
            return Ok(());
        }
        match runner::one(app, engine, &pipeline, Some(day)).await {
            Ok(report) => {
                let titles = Titles::of(engine.project(), app.messages, &pipeline);
                app.output.text(&format!("{}\n", card::render(app.messages, &titles, &report)));
                told.note(&report);
            }
            Err(failure) => {
                if !app.output.is_json() {
                    app.output.failure(app.messages, &failure);
                }
                told.exits.push(failure.exit);
                let problems: Vec<_> =
                    failure.problems.iter().map(|problem| problem_json(app.messages, problem)).collect();
                told.runs.push(json!({ "pipeline": pipeline, "problems": problems }));
            }
        }
    }
    Ok(())
}

impl Told {
    fn note(&mut self, report: &RunReport) {
        let count = |supply: bool, status: Status| {
            report.jobs.iter().filter(|job| job.supply == supply && job.status == status).count()
        };
        if self.runs.iter().all(|run| run["pipeline"] != report.pipeline.as_str()) {
            self.tables += count(false, Status::Succeeded);
            self.datasets += count(true, Status::Succeeded);
            self.refused += count(true, Status::Withheld);
        }
        let meant = report.pipeline == demo::REFUSED && card::exit(report) == Exit::Refused;
        self.exits.push(if meant { Exit::Done } else { card::exit(report) });
        self.runs.push(json!(report));
    }
}

fn farewell(app: &App, folder: &Path, day: NaiveDate, told: &Told, seconds: &str, generate_only: bool) {
    let dir = folder.display();
    let text = |key: &str, parameters: &[crate::messages::Parameter<'_>]| app.messages.text(key, parameters);
    let mut lines = Vec::new();
    if generate_only {
        lines.push(text("demo.made", &[("dir", &dir)]));
    } else {
        lines.push(text("demo.summary", &[("dir", &dir), ("seconds", &seconds)]));
        let counts: [crate::messages::Parameter<'_>; 3] =
            [("tables", &told.tables), ("datasets", &told.datasets), ("refused", &told.refused)];
        lines.push(text("demo.libraries", &counts));
    }
    lines.push(text("demo.defects", &[("rows", &demo::planted(folder))]));
    lines.extend([String::new(), text("demo.try", &[]), text("demo.enter", &[("dir", &dir)])]);
    for key in ["try_plan", "try_refused", "try_quarantine", "try_again", "try_audit", "try_edit"] {
        lines.push(text(&format!("demo.{key}"), &[("date", &day)]));
    }
    app.output.text(&lines.join("\n"));
}

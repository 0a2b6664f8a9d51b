//! `sluice serve`: the service, until it is told to stop.

use std::sync::Arc;

use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::open;
use crate::app::App;
use crate::cli::ServeArgs;
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::output::Output;
use crate::serve::reload::Reload;
use crate::serve::{Definitions, Metrics, Parts, Port, Runs, Service, Settings, Stamp, Systemd};

/// A service whose scheduler gave no sign of life for so many seconds is not told to systemd as alive.
const SILENT: i64 = 60;

/// Serves. The first signal drains, the second ends the process at once.
pub(super) async fn run(app: &App, arguments: ServeArgs) -> Result<Exit, Failure> {
    let stamp = Stamp::of(&app.global.project);
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let spec = engine.project().spec.service.clone();
    let port = Port::bind(arguments.listen.as_deref().unwrap_or(&spec.listen)).await?;
    let address = port.address();
    let (catalog, actor, owner) = (engine.catalog().clone(), engine.actor().clone(), engine.owner().to_owned());
    let settings = Settings::of(&spec);
    let metrics = Arc::new(Metrics::new());
    let definitions = Arc::new(Definitions::new(engine));
    let runs = runtime()?;
    let executor = Runs { definitions: Arc::clone(&definitions), settings: settings.clone(), messages: app.messages };
    let mut service = Service::start(Parts {
        catalog,
        actor,
        owner,
        settings,
        timetable: definitions.timetable(),
        executor: Arc::new(executor),
        runs: runs.handle().clone(),
        metrics: Arc::clone(&metrics),
    });
    service.listen(port);
    service.watch(Arc::clone(&definitions), app.messages);
    let reloading = CancellationToken::new();
    tokio::spawn(Reload { definitions, metrics, messages: app.messages, stamp }.watch(reloading.clone()));
    let systemd = Systemd::new(app.messages);
    let up = app.messages.text("serve.ready", &[("address", &address)]);
    app.output.line(&up, &json!({ "listening": address.to_string() }));
    systemd.ready(address);
    watch(app, &service, systemd).await;
    systemd.stopping();
    Output::new(false).note(&app.messages.text("serve.draining", &[]));
    reloading.cancel();
    drain(service, systemd).await;
    runs.shutdown_background();
    Output::new(false).note(&app.messages.text("serve.drained", &[]));
    Ok(Exit::Done)
}

/// Waits for the first signal; meanwhile systemd hears that the service lives, as long as its scheduler does.
async fn watch(app: &App, service: &Service, systemd: Systemd) {
    let Some(often) = systemd.watchdog() else {
        return app.cancel.cancelled().await;
    };
    loop {
        tokio::select! {
            () = app.cancel.cancelled() => return,
            () = tokio::time::sleep(often) => if service.silent_for() < SILENT { systemd.alive() },
        }
    }
}

/// Ends the service; systemd hears that it lives while it waits for runs.
async fn drain(service: Service, systemd: Systemd) {
    let draining = service.drain();
    tokio::pin!(draining);
    let often = systemd.watchdog().unwrap_or(std::time::Duration::from_secs(3600));
    loop {
        tokio::select! {
            () = &mut draining => return,
            () = tokio::time::sleep(often) => systemd.alive(),
        }
    }
}

/// Where runs compute: apart from the scheduler, so that no computation holds up a sign of life.
fn runtime() -> Result<Runtime, Error> {
    Builder::new_multi_thread()
        .enable_all()
        .thread_name("runs")
        .thread_stack_size(8 << 20)
        .build()
        .map_err(|error| Error::io("start", std::path::Path::new("tokio"), &error))
}

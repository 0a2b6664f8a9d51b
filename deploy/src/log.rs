//! Logs, only when `SLUICE_LOG` asks for them (`info`, `pipelines=debug`), on standard error.

use tracing_subscriber::EnvFilter;

/// Starts logging as `SLUICE_LOG` says. Libraries that print data in their logs stay at `error` unless named.
pub(crate) fn start() {
    let Ok(wanted) = std::env::var("SLUICE_LOG") else {
        return;
    };
    let quiet = "datafusion=error,deltalake_core=error,sqlx=error,object_store=error";
    let Ok(filter) = EnvFilter::try_new(format!("{quiet},{wanted}")) else {
        return;
    };
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

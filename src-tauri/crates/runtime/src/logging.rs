//! `tracing` to a rotated file in the data folder. Secrets never reach it: they live in redacting types.

use std::path::{Path, PathBuf};

use tracing::{Level, Metadata};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Filter, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

/// Days kept.
const KEPT_FILES: usize = 7;
const PREFIX: &str = "stream-console";
/// `RUST_LOG` overrides it.
const DEFAULT_FILTER: &str = "info,sqlx=warn,hyper=warn";
/// Libraries whose finer levels print what they carry: a screen's snapshot carries the stream key.
const CARRIERS: [&str; 2] = ["tungstenite", "tokio_tungstenite"];

/// Begins logging. The guard flushes when dropped. None if the program already logs elsewhere.
pub(crate) fn start(data_dir: &Path, to_stderr: bool) -> Option<WorkerGuard> {
    let folder = folder(data_dir);
    std::fs::create_dir_all(&folder).ok()?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(PREFIX)
        .filename_suffix("log")
        .max_log_files(KEPT_FILES)
        .build(folder)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    let file = fmt::layer().with_writer(writer).with_ansi(false).with_filter(filter());
    let stderr = to_stderr.then(|| fmt::layer().with_writer(std::io::stderr).with_filter(filter()));
    tracing_subscriber::registry().with(file).with(stderr).try_init().ok()?;
    Some(guard)
}

/// What is logged.
fn filter<S>() -> impl Filter<S> {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    chosen.and(filter_fn(prints_no_payload))
}

/// False for what may print a secret, whatever `RUST_LOG` says.
fn prints_no_payload(metadata: &Metadata<'_>) -> bool {
    let library = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::INFO || !CARRIERS.contains(&library)
}

fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("logs")
}

/// The newest log file, or the folder while there is none.
pub(crate) fn newest_file(data_dir: &Path) -> PathBuf {
    let folder = folder(data_dir);
    let newest = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .max();
    newest.unwrap_or(folder)
}

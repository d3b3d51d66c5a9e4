//! Spans and events as records of Python's logging, under the names `tenantry.*`. There is nothing to configure.

use std::sync::atomic::{AtomicI64, Ordering};

use log::{Log, Metadata, Record};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3_log::{Caching, Logger, ResetHandle};

/// `None` when another logger had the process before.
static LISTENER: PyOnceLock<Option<Listener>> = PyOnceLock::new();

/// What Python said of its levels. A level that is off is not asked for with every record, which would take the GIL.
struct Listener {
    logger: Py<PyAny>,
    /// Forgets the levels that are known.
    reset: ResetHandle,
    /// The level of the logger `tenantry` when they were last forgotten.
    level: AtomicI64,
}

/// Hands the log of this extension to Python, from the first store on that is opened: importing the package does not need
/// Python's logging.
pub(crate) fn listen(py: Python<'_>) -> PyResult<()> {
    let listener = LISTENER.get_or_try_init(py, || {
        let logger = py.import("logging")?.call_method1("getLogger", ("tenantry",))?.unbind();
        let named = Logger::new(py, Caching::LoggersAndLevels)?;
        let listener = Listener { logger, reset: named.reset_handle(), level: AtomicI64::new(-1) };
        let set = log::set_boxed_logger(Box::new(Named(named)));
        log::set_max_level(log::LevelFilter::Debug);
        Ok::<_, PyErr>(set.is_ok().then_some(listener))
    })?;
    if let Some(listener) = listener {
        listener.reset.reset();
    }
    Ok(())
}

/// Asks the logger `tenantry` for its level, before the GIL is released, so that a changed one counts at once.
pub(crate) fn look(py: Python<'_>) -> PyResult<()> {
    if let Some(Some(listener)) = LISTENER.get(py) {
        let level = listener.logger.bind(py).call_method0(intern!(py, "getEffectiveLevel"))?.extract()?;
        if listener.level.swap(level, Ordering::Relaxed) != level {
            listener.reset.reset();
        }
    }
    Ok(())
}

/// Names the loggers after the package, not after the crates that it is made of.
struct Named(Logger);

impl Named {
    fn name(target: &str) -> Option<String> {
        let rest = target.strip_prefix("tenantry")?;
        match rest.split_once("::") {
            Some((_, path)) => Some(format!("tenantry::{path}")),
            None => Some("tenantry".to_owned()),
        }
    }
}

impl Log for Named {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tenantry") && self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        // What other crates say is none of Python's business.
        let Some(name) = Self::name(record.target()) else { return };
        self.0.log(
            &Record::builder()
                .metadata(Metadata::builder().level(record.level()).target(&name).build())
                .args(*record.args())
                .module_path(record.module_path())
                .file(record.file())
                .line(record.line())
                .build(),
        );
    }

    fn flush(&self) {
        self.0.flush();
    }
}

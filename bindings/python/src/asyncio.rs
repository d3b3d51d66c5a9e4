//! Calls that asyncio awaits.

use std::sync::atomic::{AtomicU32, Ordering};
use std::{process, thread};

use async_task::Runnable;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tenantry::{Call, Error};

use crate::answer::{Mode, ToPython};

/// A future of asyncio, and the loop that it belongs to. It is always completed, also after a panic.
struct Promise {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
    kept: bool,
}

/// The process that the threads of the pool live in; 0 before there are any.
static POOL_OF: AtomicU32 = AtomicU32::new(0);

/// Whether there is a pool to work on. Threads do not survive a fork: in a child of a process that had a pool, what is handed
/// to it is never done.
pub(crate) fn has_pool() -> bool {
    let process = process::id();
    match POOL_OF.compare_exchange(0, process, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => true,
        Err(owner) => owner == process,
    }
}

/// Begins a call; answers the future of the running loop that is completed with its answer.
///
/// The call goes on when nobody awaits it any more. Its first part runs here, where a point read is done at once; what waits
/// for a disk goes on, and ends, on a thread of a pool.
pub(crate) fn begin<T: ToPython + Send + 'static>(
    py: Python<'_>,
    call: Call<T>,
    judge: impl FnOnce(Result<T, Error>) -> PyResult<T> + Send + 'static,
) -> PyResult<Py<PyAny>> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let event_loop = RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()?;
    let future = event_loop.call_method0("create_future")?;
    let answer = future.clone().unbind();
    let promise = Promise { event_loop: event_loop.unbind(), future: future.unbind(), kept: false };
    if !has_pool() {
        // A thread for each call then, which waits for it.
        thread::Builder::new().name("tenantry-asyncio".to_owned()).spawn(move || promise.keep(judge(call.wait())))?;
        return Ok(answer);
    }
    let running = call.into_future();
    let work = async move {
        let result = judge(running.await);
        promise.keep(result);
    };
    let go_on = |runnable: Runnable| {
        blocking::unblock(move || runnable.run()).detach();
    };
    let (runnable, task) = async_task::spawn(work, go_on);
    task.detach();
    py.detach(|| runnable.run());
    Ok(answer)
}

impl Promise {
    fn keep<T: ToPython>(mut self, result: PyResult<T>) {
        // Without an interpreter there is nobody to tell.
        Python::try_attach(|py| self.settle(py, result.and_then(|answer| answer.to_python(py, Mode::Asyncio))));
        self.kept = true;
    }

    fn settle(&self, py: Python<'_>, result: PyResult<Py<PyAny>>) {
        static SETTLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let (answer, error) = match result {
            Ok(answer) => (answer, None),
            Err(error) => (py.None(), Some(error)),
        };
        let told = SETTLE.import(py, "tenantry._query", "settle").and_then(|settle| {
            let arguments = (settle, self.future.bind(py), answer, error);
            self.event_loop.bind(py).call_method1("call_soon_threadsafe", arguments)
        });
        // The loop was closed: nobody awaits the future.
        drop(told);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if !self.kept {
            let lost =
                || PyRuntimeError::new_err("the operation ended without an answer; whether it was done is unknown");
            Python::try_attach(|py| self.settle(py, Err(lost())));
        }
    }
}

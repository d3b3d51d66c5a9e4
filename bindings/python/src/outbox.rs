//! The outbox, and couriers that are written in Python.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use pyo3::import_exception;
use pyo3::prelude::*;
use tenantry::{Courier, DeliveryError as Undelivered, DeliveryFailure, InvitationMail};

use crate::answer::{Mode, ToPython, handle};
use crate::asyncio;

import_exception!(tenantry._courier, DeliveryError);

handle! {
    /// The outbox of a store, with the courier that delivers it.
    ///
    /// Any number of processes may deliver from the same store: each mail is in the hands of one of them.
    Outbox of tenantry::Outbox: "Outbox" as BlockingOutbox, "AsyncOutbox" as AsyncOutbox, "_Outbox"
}

#[pymethods]
impl Outbox {
    /// Delivers what is due, one mail after another. Call it again when the next one is due, and whenever somebody was
    /// invited.
    ///
    /// A mail that fails is tried again after longer and longer pauses, 12 times in all, as long as its invitation is open.
    ///
    /// Returns:
    ///     What became of the mails, and when the next one is due.
    ///
    /// Raises:
    ///     SecretKeyError: A token does not open; all others were delivered.
    ///     KeyProviderError: The provider of the root key gave none.
    ///     StorageError: The store cannot be read or written.
    #[pyo3(signature = () -> "Call[Delivered]")]
    fn deliver(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.deliver())
    }
}

/// A courier that is written in Python. It talks to a network, so it is called on a thread of a pool.
#[derive(Clone)]
pub(crate) struct Written(Arc<Py<PyAny>>);

impl Written {
    pub(crate) fn new(courier: Py<PyAny>) -> Self {
        Self(Arc::new(courier))
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a courier written in Python")
    }
}

#[async_trait]
impl Courier for Written {
    async fn deliver(&self, mail: &InvitationMail) -> Result<(), Undelivered> {
        let (courier, mail) = (self.clone(), mail.clone());
        let deliver = move || {
            Python::attach(|py| {
                let called = mail.to_python(py, Mode::Blocking).and_then(|mail| courier.0.call1(py, (mail,)));
                let answer = called.map_err(|raised| undelivered(py, &raised))?;
                awaited_by_nobody(answer.bind(py))
            })
        };
        if asyncio::has_pool() { blocking::unblock(deliver).await } else { deliver() }
    }
}

/// What a courier answers is nothing to look at, unless it is asynchronous: then it has not even begun.
fn awaited_by_nobody(answer: &Bound<'_, PyAny>) -> Result<(), Undelivered> {
    if !answer.hasattr("__await__").unwrap_or(false) {
        return Ok(());
    }
    // Python would say that nobody awaited it, on whatever thread it is dropped; the reason says so.
    drop(answer.call_method0("close"));
    Err(Undelivered::unknown("the courier answered an awaitable, which nobody awaits"))
}

/// What a courier that is written in Python raised. Only its own exception says how far it came.
fn undelivered(py: Python<'_>, raised: &PyErr) -> Undelivered {
    let said = || -> PyResult<Undelivered> {
        let (failure, reason): (String, String) =
            (raised.value(py).getattr("failure")?.extract()?, raised.value(py).getattr("reason")?.extract()?);
        Ok(match failure.as_str() {
            "postponed" => Undelivered::postponed(&reason),
            "refused" => Undelivered::refused(&reason),
            _ => Undelivered::new(DeliveryFailure::Unknown, &reason),
        })
    };
    if raised.is_instance_of::<DeliveryError>(py)
        && let Ok(error) = said()
    {
        return error;
    }
    let name = raised.get_type(py).name().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
    Undelivered::unknown(&format!("the courier raised {name}"))
}

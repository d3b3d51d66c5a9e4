//! One API for blocking and async callers.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::error::Error;

/// Who waits for a store: it decides on which thread the store works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A thread that waits; the store may work on it.
    Blocking,
    /// A task that awaits; its thread must not wait for a disk.
    Awaiting,
}

type Work<T> = Box<dyn FnOnce(Caller) -> Pin<Box<dyn Future<Output = Result<T, Error>> + Send>> + Send>;

/// An operation that has not begun: `.await` it on any executor, or [`wait`](Call::wait) for it.
///
/// Nothing happens before the first poll or `wait`. Once a commit is handed to the store, dropping the call does not
/// cancel it.
#[must_use = "a call does nothing until it is awaited or waited for"]
pub struct Call<T> {
    work: Work<T>,
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Call<T> {
    pub(crate) fn new<F, Fut>(work: F) -> Self
    where
        F: FnOnce(Caller) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        Self { work: Box::new(move |caller| Box::pin(work(caller))) }
    }

    /// Does the operation and blocks the current thread until it is done. Needs no executor.
    ///
    /// # Errors
    ///
    /// Those of the operation.
    pub fn wait(self) -> Result<T, Error> {
        block_on((self.work)(Caller::Blocking))
    }
}

impl<T: Send + 'static> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Running<T>;

    fn into_future(self) -> Running<T> {
        Running { state: State::Lazy(Some(self.work)) }
    }
}

/// A [`Call`] that is awaited.
pub struct Running<T> {
    state: State<T>,
}

enum State<T> {
    Lazy(Option<Work<T>>),
    Begun(Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>),
}

impl<T> fmt::Debug for Running<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

impl<T> Future for Running<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.state {
                State::Lazy(work) => match work.take() {
                    Some(work) => self.state = State::Begun(work(Caller::Awaiting)),
                    // The work left by a panic inside it: it will never answer.
                    None => return Poll::Pending,
                },
                State::Begun(future) => return future.as_mut().poll(context),
            }
        }
    }
}

/// Wakes a thread through a mutex and a condition variable: `thread::park` could swallow the host's token.
#[derive(Default)]
struct Signal {
    woken: Mutex<bool>,
    condition: Condvar,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.condition.notify_one();
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let signal = Arc::new(Signal::default());
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let mut woken = signal.woken.lock().unwrap_or_else(PoisonError::into_inner);
        while !*woken {
            woken = signal.condition.wait(woken).unwrap_or_else(PoisonError::into_inner);
        }
        *woken = false;
    }
}

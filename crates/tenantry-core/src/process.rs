//! What belongs to one process, so that a child of a fork does not take it over.
//!
//! A fork copies memory and one thread. What another thread held or was changing at that moment stays so in the child for
//! ever: a mutex locked, a connection in the middle of a transaction.

use std::fmt;
use std::sync::OnceLock;

/// A value that each process has for itself. A child of a fork gets a new one; that of its parent it neither uses nor drops.
///
/// For stores that keep connections or locks.
pub struct PerProcess<T> {
    current: fn() -> u64,
    first: Link<T>,
}

/// The values of the processes, from the one that made it to the one that looks.
type Link<T> = OnceLock<Box<Node<T>>>;

struct Node<T> {
    process: u64,
    /// `None` only while it is dropped.
    value: Option<T>,
    next: Link<T>,
}

impl<T> PerProcess<T> {
    /// Empty in every process; `current` tells the processes of a line of forks apart.
    pub const fn new(current: fn() -> u64) -> Self {
        Self { current, first: OnceLock::new() }
    }

    /// The value of this process, made if it does not have one yet. It takes no lock that a fork could leave behind.
    pub fn get(&self, make: impl FnOnce() -> T) -> &T {
        let process = (self.current)();
        let mut made = Some(make);
        let mut link = &self.first;
        loop {
            if let Some(node) = link.get() {
                match &node.value {
                    Some(value) if node.process == process => return value,
                    _ => link = &node.next,
                }
            } else if let Some(make) = made.take() {
                let node = Node { process, value: Some(make()), next: OnceLock::new() };
                // Another thread may have been faster: then its value counts.
                drop(link.set(Box::new(node)));
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let process = (self.current)();
        let mut next = self.first.take();
        while let Some(mut node) = next {
            next = node.next.take();
            if node.process != process {
                std::mem::forget(node.value.take());
            }
        }
    }
}

impl<T> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerProcess").finish_non_exhaustive()
    }
}

/// This process, by its number.
pub(crate) fn current() -> u64 {
    std::process::id().into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    /// The process that a test plays.
    static PLAYED: AtomicU64 = AtomicU64::new(1);

    fn played() -> u64 {
        PLAYED.load(Ordering::Relaxed)
    }

    #[test]
    fn each_process_has_its_own_value_and_drops_no_other() {
        let values = PerProcess::new(played);
        let made: Vec<Arc<u64>> = (1..=3)
            .map(|process| {
                PLAYED.store(process, Ordering::Relaxed);
                let value = Arc::clone(values.get(|| Arc::new(process)));
                assert_eq!(**values.get(|| panic!("it has one")), process);
                value
            })
            .collect();
        drop(values);
        assert_eq!(made.iter().map(Arc::strong_count).collect::<Vec<_>>(), [2, 2, 1]);
    }

    #[test]
    fn threads_that_come_first_together_get_the_same_value() {
        let values = PerProcess::new(current);
        let found: Vec<usize> = thread::scope(|threads| {
            let look = |number| {
                threads.spawn({
                    let values = &values;
                    move || *values.get(|| number)
                })
            };
            let threads: Vec<_> = (0..8).map(look).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|number| *number == found[0]));
    }
}

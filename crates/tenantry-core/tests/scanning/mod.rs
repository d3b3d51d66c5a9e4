//! The allocator of the tests that look into every block before it is freed.
//!
//! A program that uses it has one test, so that nothing else frees memory meanwhile.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

struct Scanning;

#[global_allocator]
static ALLOCATOR: Scanning = Scanning;

static ON: AtomicBool = AtomicBool::new(false);
static FREED: AtomicUsize = AtomicUsize::new(0);
static FOUND: AtomicUsize = AtomicUsize::new(0);
static NEEDLES: OnceLock<Needles> = OnceLock::new();

struct Needles {
    first: [bool; 256],
    all: Vec<Vec<u8>>,
}

impl Needles {
    fn found_in(&self, block: &[u8]) -> usize {
        let begins = block.iter().enumerate().filter(|(_, byte)| self.first[usize::from(**byte)]);
        begins.filter(|(index, _)| self.all.iter().any(|needle| block[*index..].starts_with(needle))).count()
    }
}

// SAFETY: hands everything to the system's allocator. `realloc` is the provided one, which takes a new block, copies and
// frees the old one: so that block is scanned as well.
unsafe impl GlobalAlloc for Scanning {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on. Zeroed, so that a block never shows what an earlier owner left in it.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ON.load(Ordering::SeqCst)
            && let Some(needles) = NEEDLES.get()
        {
            // SAFETY: the block is of this size until it is freed, and `alloc` has initialised it.
            let found = needles.found_in(unsafe { std::slice::from_raw_parts(block, layout.size()) });
            FREED.fetch_add(1, Ordering::SeqCst);
            FOUND.fetch_add(found, Ordering::SeqCst);
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Says what to look for, once, and tries that the allocator finds it: a plain copy, one that grew, the middle of a block.
pub(crate) fn look_for(all: Vec<Vec<u8>>) {
    let mut first = [false; 256];
    for needle in &all {
        assert!(needle.len() >= 6);
        first[usize::from(needle[0])] = true;
    }
    NEEDLES.set(Needles { first, all }).ok().unwrap();
    for needle in &NEEDLES.get().unwrap().all {
        assert_ne!(found_in_freed(|| drop(needle.clone())), 0);
        let grown = found_in_freed(|| {
            let mut copy = Vec::with_capacity(needle.len());
            copy.extend_from_slice(needle);
            copy.push(b'x');
            std::mem::forget(copy);
        });
        assert_ne!(grown, 0, "the block that was too small");
        assert_ne!(found_in_freed(|| drop([b"before ", needle.as_slice(), b" behind"].concat())), 0);
    }
}

/// How many times what is looked for stood in the blocks that were freed meanwhile.
pub(crate) fn found_in_freed(work: impl FnOnce()) -> usize {
    FREED.store(0, Ordering::SeqCst);
    FOUND.store(0, Ordering::SeqCst);
    ON.store(true, Ordering::SeqCst);
    work();
    ON.store(false, Ordering::SeqCst);
    assert!(FREED.load(Ordering::SeqCst) > 0, "nothing was freed");
    FOUND.load(Ordering::SeqCst)
}

//! The allocator of the extension: it wipes every block before it is freed, so that what passed through strings on the way
//! from and to Python is not found in memory later.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

struct Wiping;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

// SAFETY: hands everything to the system's allocator. `realloc` is the provided one, which takes a new block, copies and frees
// the old one: so that block is wiped as well.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is of this size until it is freed.
        unsafe { block.write_bytes(0, layout.size()) };
        // Otherwise the compiler sees that nobody reads the zeros, and leaves them out.
        black_box(block);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

//! No freed block of the heap still holds a secret after a template was rendered.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry_core::{Format, SecretValue, Template};

/// What a freed block must not hold, also when it was escaped: none of these characters has an escape.
const SECRET: &str = "correct-horse-battery-staple";
const IN_BASE64: &str = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZ";

static FOUND: AtomicUsize = AtomicUsize::new(0);

struct Watching;

fn watch(block: &[u8]) {
    for planted in [SECRET, IN_BASE64] {
        if block.windows(planted.len()).any(|window| window == planted.as_bytes()) {
            FOUND.fetch_add(1, Ordering::SeqCst);
        }
    }
}

// SAFETY: every call goes to the system's allocator as it came; a block is only read before it is freed.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on. Zeroed, so that what is read later was written in this test.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the block is the caller's, has this size, and all of it was written when it was made.
        watch(unsafe { std::slice::from_raw_parts(pointer, layout.size()) });
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

// One test, so that nothing else frees blocks meanwhile. `realloc` is the default of the trait: allocate, copy, free.
#[test]
fn s6_rendering_leaves_no_copy_of_a_value_behind() {
    let planted: Box<str> = SECRET.into();
    drop(planted);
    assert_eq!(FOUND.swap(0, Ordering::SeqCst), 1, "the allocator sees what is left behind");

    let secret = SecretValue::from(SECRET);
    for function in ["json", "yaml", "shell", "b64", "urlquery", "default \"\"", "or \"\"", "json | yaml | shell | b64"]
    {
        let action = format!("{{{{ .Secrets.A | {function} }}}}");
        let text =
            format!("a: \"{action}{{{{ with .Secrets.A | {function} }}}}{{{{ . }}}}{{{{ end }}}}\"\n").repeat(40);
        let template = Template::parse(&text).unwrap();
        for format in [Format::Plain, Format::Env, Format::Yaml] {
            let output = template.render(|_| Some(&secret), format).unwrap();
            assert!(output.len() > SECRET.len());
        }
        // An error on the way, when much has been written already.
        let template = Template::parse(&format!("{text}{{{{ .Secrets.B }}}}")).unwrap();
        template.render(|key| (key == "A").then_some(&secret), Format::Plain).unwrap_err();
        assert_eq!(FOUND.load(Ordering::SeqCst), 0, "{function}");
    }
    drop(secret);
    assert_eq!(FOUND.load(Ordering::SeqCst), 0);
}

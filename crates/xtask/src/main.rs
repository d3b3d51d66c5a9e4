//! Runs everything CI runs.
fn main() {}

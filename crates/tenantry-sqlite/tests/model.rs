//! Random public operations against the memory store, the SQLite store and a plain model of the rules: the same answers,
//! the same errors, the same order.

#[cfg(test)]
#[path = "model/stores.rs"]
mod stores;

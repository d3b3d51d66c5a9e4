//! The rules, decisions and storage contract of tenantry. No I/O, no async runtime.
#![forbid(unsafe_code)]

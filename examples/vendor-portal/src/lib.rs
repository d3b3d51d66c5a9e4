//! The vendor portal and the customer portal: a program to run, and to copy from.
//!
//! tenantry decides who may do what and keeps the data; what is here is what a host brings: pages, a stand-in for its
//! login, and the mapping of errors to HTTP. `README.md` says what is a stand-in.
#![forbid(unsafe_code)]

pub mod demo;
pub mod desk;
pub mod given;
mod guard;
pub mod mail;
pub mod notices;
pub mod page;
pub mod pages;
pub mod problem;
pub mod refusals;
pub mod replay;
mod routes;
pub mod session;
pub mod shelf;
pub mod state;
mod statics;
pub mod verification;
pub mod words;

pub use routes::router;
pub use state::Portal;

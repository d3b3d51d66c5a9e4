//! The torture chamber: what a store is told is durable must be there after a kill, a loss of power and a failing disk, and
//! many hands at once must break no rule.
//!
//! - [`kill`]: processes that write are killed;
//! - [`power`]: what they asked of the disk is recorded, and the power fails at every point of it;
//! - [`io`]: every request to the disk fails once, and from there on for ever;
//! - [`race`]: threads and processes work on the same few customers.
//!
//! What a case does comes from its seed. A finding names seed and case, and its folder is kept.

pub mod disk;
pub mod guardless;
pub mod io;
pub mod kill;
pub mod mail;
pub mod power;
pub mod race;
pub mod report;
pub mod work;

mod dice;

pub use dice::Dice;
pub use report::{Report, Setting};

/// Why the chamber itself cannot go on.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

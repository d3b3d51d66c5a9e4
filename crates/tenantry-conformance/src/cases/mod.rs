//! The cases, by area.

mod audit;
mod contract;
mod customers;
mod decisions;
mod deliveries;
mod deployments;
mod erasure;
mod faults;
mod features;
mod guards;
mod interleaved;
mod invitations;
mod isolation;
mod members;
mod moments;
mod outbox;
mod privacy;
mod providers;
mod races;
mod rotation;
mod secrets;
mod vendors;
mod versions;

use crate::Case;

/// The cases of an area: the name of each function is the name of its case.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        pub(super) const CASES: &[crate::Case] = &[$(crate::Case { name: stringify!($name), run: $name }),+];
    };
}
pub(crate) use cases;

pub(crate) fn all() -> Vec<Case> {
    [
        contract::CASES,
        guards::CASES,
        faults::CASES,
        vendors::CASES,
        customers::CASES,
        members::CASES,
        invitations::CASES,
        outbox::CASES,
        deliveries::CASES,
        decisions::CASES,
        isolation::CASES,
        features::CASES,
        secrets::CASES,
        versions::CASES,
        deployments::CASES,
        erasure::CASES,
        rotation::CASES,
        interleaved::CASES,
        providers::CASES,
        audit::CASES,
        privacy::CASES,
        moments::CASES,
        races::CASES,
    ]
    .concat()
}

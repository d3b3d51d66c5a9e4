//! The rules of the catalogue, cited by number.

mod building;
mod edits;
mod standard;

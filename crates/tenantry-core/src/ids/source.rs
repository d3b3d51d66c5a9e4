//! Where ids come from.

use std::fmt::Debug;

use uuid::Uuid;

use crate::clock::Timestamp;

/// Fills the random part of new ids; a fixed one makes a test repeatable.
///
/// Ids are public names, not secrets: keys, nonces, salts and tokens never come from here.
pub trait IdSource: Debug + Send + Sync + 'static {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    ///
    /// When the source has none to give.
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()>;
}

/// The operating system's random numbers.
#[derive(Clone, Copy, Debug)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        getrandom::fill(bytes).map_err(std::io::Error::other)
    }
}

/// A UUIDv7 (RFC 9562, section 5.7) of this time: 48 bits of milliseconds, then 10 bits of the microseconds within them
/// (method 3 of section 6.2: ids made one after another stand one after another in an index), the rest random.
pub(crate) fn new_uuid(source: &dyn IdSource, now: Timestamp) -> std::io::Result<Uuid> {
    let micros = u64::try_from(now.micros()).unwrap_or(0);
    let mut random = [0u8; 9];
    source.fill(&mut random)?;
    let [first, low @ ..] = random;
    // `rand_a` is 12 bits: 10 bits hold 0..=999 microseconds, two stay random.
    let rand_a = ((micros % 1_000) << 2) | u64::from(first & 0b11);
    let high = (((micros / 1_000) & 0xFFFF_FFFF_FFFF) << 16) | 0x7000 | rand_a;
    let low = (u64::from_be_bytes(low) & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
    Ok(Uuid::from_u64_pair(high, low))
}

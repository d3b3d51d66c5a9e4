//! Time: where it is read, and the microsecond it is cut to.

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// Tells the time; a fixed one makes a test repeatable.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Microseconds since 1970-01-01T00:00:00Z, as stores keep them.
///
/// Times are cut to microseconds where the clock is read, so a record is the same in every store and language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The timestamp of this many microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    pub(crate) fn of(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }

    /// The nearest time that `chrono` can express.
    pub(crate) fn to_datetime(self) -> DateTime<Utc> {
        let bound = if self.0 < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        DateTime::from_timestamp_micros(self.0).unwrap_or(bound)
    }

    pub(crate) fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long before this one the earlier time was; nothing if it was not.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub(crate) fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_cut_to_microseconds() {
        let time = DateTime::from_timestamp(1, 1_999).unwrap();
        assert_eq!(Timestamp::of(time).micros(), 1_000_001);
        assert_eq!(Timestamp::of(time).to_datetime(), DateTime::from_timestamp(1, 1_000).unwrap());
    }

    #[test]
    fn no_number_of_microseconds_panics() {
        for micros in [i64::MIN, -1, 0, i64::MAX] {
            let time = Timestamp::from_micros(micros).to_datetime();
            assert!((DateTime::<Utc>::MIN_UTC..=DateTime::<Utc>::MAX_UTC).contains(&time));
        }
    }
}

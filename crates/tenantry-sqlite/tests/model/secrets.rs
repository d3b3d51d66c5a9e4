//! The secrets of the plain model: for each its versions, oldest first.

use std::collections::BTreeMap;

use super::plain::Code;

/// How many versions are kept.
pub(super) const KEPT: u64 = 3;

#[derive(Default)]
pub(super) struct PlainSecrets(BTreeMap<&'static str, Vec<PlainVersion>>);

struct PlainVersion {
    number: u64,
    /// `None` once it was destroyed.
    value: Option<&'static str>,
}

impl PlainSecrets {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn current(&self, key: &str) -> u64 {
        self.0.get(key).and_then(|versions| versions.last()).map_or(0, |version| version.number)
    }

    /// S2, S5.
    pub(super) fn set(&mut self, key: &'static str, value: &'static str, based_on: Option<u64>) -> Result<(), Code> {
        if key.contains(' ') || value.is_empty() {
            return Err("invalid_input");
        }
        let number = self.current(key);
        if based_on.is_some_and(|expected| expected != number) {
            return Err("stale_revision");
        }
        let versions = self.0.entry(key).or_default();
        versions.push(PlainVersion { number: number + 1, value: Some(value) });
        versions.retain(|version| version.number + KEPT > number + 1);
        Ok(())
    }

    fn earlier(&mut self, key: &str, number: u64) -> Result<&mut PlainVersion, Code> {
        let current = self.current(key);
        let versions = self.0.get_mut(key).ok_or("not_found")?;
        if number == current {
            return Err("invalid_input");
        }
        versions.iter_mut().find(|version| version.number == number).ok_or("not_found")
    }

    pub(super) fn roll_back(&mut self, key: &'static str, number: u64) -> Result<(), Code> {
        let value = self.earlier(key, number)?.value.ok_or("invalid_input")?;
        self.set(key, value, None)
    }

    pub(super) fn destroy(&mut self, key: &str, number: u64) -> Result<(), Code> {
        self.earlier(key, number)?.value = None;
        Ok(())
    }

    pub(super) fn delete(&mut self, key: &str) -> Result<(), Code> {
        self.0.remove(key).map(drop).ok_or("not_found")
    }

    pub(super) fn value(&self, key: &str) -> Result<&'static str, Code> {
        let version = self.0.get(key).and_then(|versions| versions.last()).ok_or("not_found")?;
        version.value.ok_or("the current version was destroyed")
    }

    /// The versions, newest first, those destroyed with a minus.
    pub(super) fn versions(&self, key: &str) -> Result<Vec<String>, Code> {
        let versions = self.0.get(key).ok_or("not_found")?.iter().rev();
        Ok(versions.map(|it| format!("{}{}", if it.value.is_none() { "-" } else { "" }, it.number)).collect())
    }

    /// Each key with its version, as the stores list them.
    pub(super) fn listed(&self) -> Vec<String> {
        self.0.keys().map(|key| format!("{key} {}", self.current(key))).collect()
    }
}

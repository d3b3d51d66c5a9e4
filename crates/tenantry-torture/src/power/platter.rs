//! A disk as a loss of power leaves it.

use std::fmt;
use std::fs;
use std::path::Path;

use super::Event;
use crate::disk::Kind;
use crate::{Dice, Failure};

/// What a disk writes whole, or not at all.
const SECTOR: usize = 512;

const FILES: [(Kind, &str); 3] =
    [(Kind::Main, "torture.db"), (Kind::Log, "torture.db-wal"), (Kind::Journal, "torture.db-journal")];

/// The files of a store: what of them is durable, and what waits.
#[derive(Default)]
pub(super) struct Platter {
    places: [Place; 3],
}

/// The name of a file in its folder.
#[derive(Default)]
struct Place {
    file: Option<File>,
    /// A file of this name that was deleted, while the folder was not synced: it may be back.
    deleted: Option<File>,
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    waiting: Vec<Change>,
    /// Whether its name in the folder is durable.
    named: bool,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

/// What becomes of the changes that wait.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    /// All are gone.
    None,
    /// All are there.
    All,
    /// The first ones are there, the last of them in part.
    First,
    /// Some are there, in their order.
    Some,
    /// Some are there, in another order.
    Reordered,
    /// Some of the sectors of each are there.
    Torn,
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unsynced: {self:?}")
    }
}

fn at(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Platter {
    /// Takes what is asked of the disk.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::Write(kind, offset, data) => self.change(*kind, Change::Write(at(*offset), data.clone())),
            Event::Truncate(kind, size) => self.change(*kind, Change::Truncate(at(*size))),
            Event::Sync(kind) => {
                let Some(file) = self.place(*kind).and_then(|place| place.file.as_mut()) else { return };
                let is_new = !file.named;
                for change in std::mem::take(&mut file.waiting) {
                    apply(&mut file.durable, &change);
                }
                // SQLite's own VFS syncs the folder when a log or journal that it made is synced for the first time.
                if is_new && *kind != Kind::Main {
                    for place in &mut self.places {
                        place.deleted = None;
                        if let Some(file) = &mut place.file {
                            file.named = true;
                        }
                    }
                }
            }
            // Half of it reached the disk; nobody will write the other half but SQLite, if it does so again.
            Event::SyncFailed(kind) => {
                let Some(file) = self.place(*kind).and_then(|place| place.file.as_mut()) else { return };
                for (number, change) in std::mem::take(&mut file.waiting).iter().enumerate() {
                    if number % 2 == 1 {
                        apply(&mut file.durable, change);
                    }
                }
            }
            Event::Delete(kind) => {
                if let Some(place) = self.place(*kind)
                    && let Some(file) = place.file.take()
                    // A file whose name never was durable does not come back.
                    && file.named
                {
                    place.deleted = Some(file);
                }
            }
            Event::Vendor | Event::Acknowledged(..) => {}
        }
    }

    fn place(&mut self, kind: Kind) -> Option<&mut Place> {
        let index = FILES.iter().position(|(known, _)| *known == kind)?;
        self.places.get_mut(index)
    }

    fn change(&mut self, kind: Kind, change: Change) {
        if let Some(place) = self.place(kind) {
            place.file.get_or_insert_default().waiting.push(change);
        }
    }

    /// Leaves the files in a folder as the power leaves them.
    pub(super) fn leave(&self, dice: &mut Dice, folder: &Path) -> Result<Style, Failure> {
        let styles = [Style::None, Style::All, Style::First, Style::Some, Style::Reordered, Style::Torn];
        let style = dice.pick(styles).unwrap_or(Style::None);
        for ((_, name), place) in FILES.iter().zip(&self.places) {
            let back = place.deleted.as_ref().filter(|_| dice.one_in(2));
            let gone = |file: &&File| file.named || dice.one_in(2);
            if let Some(file) = back.or(place.file.as_ref().filter(gone)) {
                fs::write(folder.join(name), file.left(style, dice))?;
            }
        }
        // What the processes shared in memory may be on the disk, too, in whatever state.
        if dice.one_in(8) {
            let shared: Vec<u8> = (0..32_768).map(|_| u8::try_from(dice.below(256)).unwrap_or(0)).collect();
            fs::write(folder.join("torture.db-shm"), shared)?;
        }
        Ok(style)
    }
}

impl File {
    fn left(&self, style: Style, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.durable.clone();
        let mut waiting = self.waiting.clone();
        match style {
            Style::None => waiting.clear(),
            Style::All | Style::Torn => {}
            Style::First => {
                let some = dice.below(u64::try_from(waiting.len()).unwrap_or(0) + 1);
                waiting.truncate(at(some));
            }
            Style::Some => waiting.retain(|_| dice.one_in(2)),
            Style::Reordered => {
                waiting.retain(|_| !dice.one_in(3));
                for last in (1..waiting.len()).rev() {
                    let other = dice.below(u64::try_from(last).unwrap_or(0) + 1);
                    waiting.swap(last, at(other));
                }
            }
        }
        let last = waiting.len().checked_sub(1);
        for (number, change) in waiting.iter().enumerate() {
            let torn = matches!(style, Style::Torn) || (matches!(style, Style::First) && Some(number) == last);
            match change {
                Change::Write(offset, data) if torn => tear(&mut content, *offset, data, dice),
                change => apply(&mut content, change),
            }
        }
        content
    }
}

/// Writes some of the sectors.
fn tear(content: &mut Vec<u8>, mut offset: usize, mut data: &[u8], dice: &mut Dice) {
    while !data.is_empty() {
        // A piece ends where a sector of the disk ends.
        let length = (SECTOR - offset % SECTOR).min(data.len());
        let Some((piece, rest)) = data.split_at_checked(length) else { return };
        if dice.one_in(2) {
            apply(content, &Change::Write(offset, piece.to_vec()));
        }
        offset += length;
        data = rest;
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Truncate(size) => content.resize(*size, 0),
        Change::Write(offset, data) => {
            let end = offset.saturating_add(data.len());
            if content.len() < end {
                content.resize(end, 0);
            }
            if let Some(there) = content.get_mut(*offset..end) {
                there.copy_from_slice(data);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_is_there_and_the_rest_may_be() {
        let (mut platter, mut dice) = (Platter::default(), Dice::new(1, 1));
        platter.take(&Event::Write(Kind::Log, 0, vec![1; 512]));
        platter.take(&Event::Sync(Kind::Log));
        platter.take(&Event::Write(Kind::Log, 512, vec![2; 512]));
        let mut lengths = [0, 0];
        for _ in 0..200 {
            let folder = tempfile::tempdir().unwrap();
            platter.leave(&mut dice, folder.path()).unwrap();
            let left = fs::read(folder.path().join("torture.db-wal")).unwrap();
            assert_eq!(left[..512], [1; 512]);
            lengths[usize::from(left.len() == 1024)] += 1;
        }
        assert!(lengths.iter().all(|count| *count > 20), "{lengths:?}");
    }

    #[test]
    fn a_deleted_file_may_come_back_until_its_folder_is_synced() {
        let (mut platter, mut dice) = (Platter::default(), Dice::new(1, 1));
        let mut seen = |platter: &Platter| {
            let mut seen = [0, 0];
            for _ in 0..100 {
                let folder = tempfile::tempdir().unwrap();
                platter.leave(&mut dice, folder.path()).unwrap();
                seen[usize::from(folder.path().join("torture.db-wal").exists())] += 1;
            }
            seen
        };
        platter.take(&Event::Write(Kind::Log, 0, vec![1; 512]));
        platter.take(&Event::Sync(Kind::Log));
        platter.take(&Event::Delete(Kind::Log));
        assert!(seen(&platter).iter().all(|count| *count > 20));
        platter.take(&Event::Write(Kind::Journal, 0, vec![1; 512]));
        platter.take(&Event::Sync(Kind::Journal));
        assert_eq!(seen(&platter), [100, 0]);
    }
}

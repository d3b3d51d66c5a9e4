//! The host's maintenance of a store.

use std::sync::Arc;

use super::rotation;
use crate::access::{host_call, operations};
use crate::app::App;
use crate::audit::Violation;
use crate::call::{Call, Caller};
use crate::error::Error;
use crate::ids::VendorId;
use crate::model::{Backup, BackupFile, RootKeyInfo, Rotation, text};
use crate::store::{ChainHead, Place};

/// The host's maintenance of a store: it sees the whole of it, and no permission guards it.
#[derive(Clone, Debug)]
pub struct Maintenance {
    app: App,
    reason: Arc<str>,
}

impl Maintenance {
    pub(crate) fn new(app: &App, reason: &str) -> Self {
        Self { app: Arc::clone(app), reason: reason.into() }
    }

    /// Checks the whole store: the database itself, every rule that spans rows, every audit chain, and with a root key
    /// that every secret opens. Answers what is wrong; nothing when all is well.
    ///
    /// The store may be used meanwhile. When something looks wrong, it looks again, and answers what was wrong both times.
    ///
    /// Entries cut off at the end of a chain are found only against `heads` that were kept elsewhere; pass what
    /// [`heads`](Maintenance::heads) answered earlier, or nothing.
    ///
    /// # Errors
    ///
    /// When the store cannot be read; [`Error::KeyNotAvailable`] when another process went over to a root key that is not at
    /// hand here.
    pub fn verify(&self, heads: Vec<ChainHead>) -> Call<Vec<Violation>> {
        self.call(move |app, caller| async move {
            let verify = || crate::audit::verify(&*app.store, &app.keys, &heads, caller);
            let mut found = verify().await?;
            if !found.is_empty() {
                // A store that is written to meanwhile may look wrong between two reads; what is wrong stays so.
                let again = verify().await?;
                found.retain(|violation| again.contains(violation));
            }
            Ok(found)
        })
    }

    /// The last entry of every chain of a vendor: keep it elsewhere, and hand it to [`verify`](Maintenance::verify).
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn heads(&self, vendor: VendorId) -> Call<Vec<ChainHead>> {
        self.call(move |app, caller| async move { Ok(crate::audit::all_heads(&*app.store, vendor, caller).await?) })
    }

    /// Copies the whole store into another file while it is used: the store of one moment, with every change that was
    /// answered before the call. `report` hears how far it is. Readers and writers do not wait for it.
    ///
    /// Under the file's name stands nothing before the copy is whole and on the disk. It is written beside it, under a name
    /// that begins with `.` and ends with `.partial`; what a killed process leaves of that, the next backup to the same
    /// file takes away. Dropping the call ends the backup. Meanwhile the store's log keeps all that is written, and shrinks
    /// again afterwards.
    ///
    /// **To restore**, close the store in every process, delete the files beside it that end with `-wal` and `-shm`, put the
    /// backup in the place of its file, open it, and [`verify`](Maintenance::verify) it: the pages are copied as they are.
    /// What was done since the backup is undone: removed members and used invitations are back, persons who were erased
    /// since must be erased again, and who follows the audit log begins anew.
    ///
    /// Secrets are in it as they are in the store, sealed: without the root key that the store had at that moment they open
    /// for nobody, and with another one the backup is refused. So keep a root key that was rotated away as long as a backup
    /// from before, and open what was restored with both: [`KeyRing::new(today's).with(that one)`](crate::KeyRing), then
    /// [`rotate_root_key`](Maintenance::rotate_root_key). If it was rotated away because it leaked, the backup has leaked
    /// with it: set the values anew.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] when there is a file of this name and it is not to be
    /// [replaced](BackupFile::replace_existing); [`Error::CannotBackUp`] when the name is that of the store itself or of a
    /// file beside it, by a link too, when another store is open under it, when its folder does not do, and when the
    /// store is in memory and has no file; [`Error::Storage`], for example when the disk is full.
    pub fn backup(&self, file: impl Into<BackupFile>, report: impl FnMut(Backup) + Send + 'static) -> Call<Backup> {
        let file = file.into();
        self.call(move |app, caller| async move { Ok(app.store.backup(file, Box::new(report), caller).await?) })
    }

    /// The version of the store's schema. Opening brought it to this release's; with
    /// [`Builder::without_migration`](crate::Builder::without_migration) an older one is refused with both numbers.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn schema_version(&self) -> Call<i64> {
        self.call(|app, _| async move { Ok(app.store.schema_version().await?) })
    }

    /// The root keys that the store was used with, in the order of their ids, and how many keys of places each still wraps.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn root_keys(&self) -> Call<Vec<RootKeyInfo>> {
        self.call(|app, caller| async move {
            let mut keys = Vec::new();
            for row in app.store.root_keys().await? {
                let wraps = app.store.count_wrapped_by(row.id, caller).await?;
                keys.push(RootKeyInfo::new(&row, wraps));
            }
            Ok(keys)
        })
    }

    /// Notes the root key that the next rotation goes to, before anything is wrapped by it: the time to hand it to every
    /// process. Answers whether there is one to go to: a ring whose current key is promoted already has none, nor has a store
    /// without secrets.
    ///
    /// # Errors
    ///
    /// [`Error::KeyNotAvailable`] when a root key that is used is not at hand; [`Error::KeyProvider`].
    pub fn stage_root_key(&self) -> Call<bool> {
        self.call(|app, caller| async move { rotation::stage(&app, caller).await })
    }

    /// Lets go of a root key that was staged and is not to be gone to, for example because it was lost. Answers whether there
    /// was one.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub fn unstage_root_key(&self) -> Call<bool> {
        self.call(|app, caller| async move { rotation::unstage(&app, caller).await })
    }

    /// Goes over to another root key while the store is used: promotes the staged one, or stages one first, wraps every key of
    /// a place anew with it, and retires the old one. Both work meanwhile (S4).
    ///
    /// A rotation that was broken off, by a crash too, is taken up where it was. `report` hears after each commit how far
    /// it is. Every step stands in the audit log of the vendors.
    ///
    /// # Errors
    ///
    /// [`Error::KeyNotAvailable`] when the old or the new key is not at hand; [`Error::KeyProvider`]. What was moved until
    /// then stays.
    pub fn rotate_root_key(&self, report: impl FnMut(Rotation) + Send + 'static) -> Call<Rotation> {
        self.call(move |app, caller| rotation::rotate_root_key(app, caller, report))
    }

    /// Gives a place a new key while its secrets are used: seals every version of every secret, and every token that waits in
    /// the outbox, anew with it, and destroys the old one. Both work meanwhile (S4).
    ///
    /// A rotation that was broken off, by a crash too, is taken up where it was. `report` hears after each commit how far
    /// it is. Every step stands in the audit log of the place. A place that never had anything sealed has no key, and nothing is done.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for an unknown place; [`Error::KeyNotAvailable`]; [`Error::KeyProvider`];
    /// [`Error::DecryptionFailed`]. What was moved until then stays.
    pub fn rotate_place_key(&self, place: Place, report: impl FnMut(Rotation) + Send + 'static) -> Call<Rotation> {
        self.call(move |app, caller| rotation::rotate_place_key(app, place, caller, report))
    }

    /// Closes the store; every later call of any clone answers [`Error::Closed`].
    ///
    /// # Errors
    ///
    /// When what is open cannot be closed in order.
    pub fn close(&self) -> Call<()> {
        self.call(|app, _| async move { Ok(app.store.close().await?) })
    }

    fn call<T, F, Fut>(&self, work: F) -> Call<T>
    where
        T: Send + 'static,
        F: FnOnce(App, Caller) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (app, reason) = (Arc::clone(&self.app), Arc::clone(&self.reason));
        host_call(&operations::MAINTENANCE, move |caller| async move {
            text::name("reason", &reason)?;
            tracing::info!(operation = operations::MAINTENANCE.name, reason = &*reason, "maintenance");
            work(app, caller).await
        })
    }
}

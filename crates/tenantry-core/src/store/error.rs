//! How a store fails.

/// The source of a store's failure; its type stays private to the store.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a read or a commit failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A guard no longer holds: somebody else progressed. Nothing was applied.
    #[error("a guard no longer holds")]
    Conflict,
    /// The check with this index failed. Nothing was applied.
    #[error("check {0} failed")]
    CheckFailed(usize),
    /// Others kept the store busy until the deadline. Nothing was applied.
    #[error("the store was busy until the deadline")]
    Contended,
    /// More commits wait than the store has room for. Nothing was applied.
    #[error("too many commits wait")]
    Overloaded,
    /// The store could not answer now, for example because the disk is full. Nothing was applied.
    #[error("the store is not available")]
    Unavailable(#[source] Source),
    /// The commit may or may not have been applied; sending it again, with its id, decides.
    #[error("the outcome of the commit is unknown")]
    OutcomeUnknown(#[source] Source),
    /// The store does not accept writes.
    #[error("the store is read-only")]
    ReadOnly,
    /// What is stored cannot be what was written; the store accepts no writes from here on.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
    /// A commit that breaks the contract, for example an op without a guard. Nothing was applied.
    #[error("the commit breaks the storage contract: {0}")]
    Malformed(&'static str),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The store is in the memory of another process, of which this one is a fork. Nothing was applied.
    #[error("the store is in the memory of the process that opened it, and this is a fork of that process")]
    Forked,
}

/// Why there is no backup. Under the name of its file stands what stood there before.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something stands under the name already, and is not to be replaced.
    #[error("`{0}` exists")]
    Exists(String),
    /// The file, its folder, or what stands beside it does not do; the sentence says which.
    #[error("{0}")]
    Unusable(String),
    /// The store has no file.
    #[error("the store is kept in memory: there is no file to copy")]
    NoFile,
    /// A store failed, this one or the copy.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a store could not be opened. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is no tenantry store.
    #[error("`{file}` is not a tenantry store: {reason}")]
    Foreign {
        /// The file, as the store names it.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was written by a newer release.
    #[error("the schema of `{file}` is version {found}, this release knows version {supported} at most")]
    Newer {
        /// The file, as the store names it.
        file: String,
        /// The version in the file.
        found: i64,
        /// The newest version that this release knows.
        supported: i64,
    },
    /// The file needs a migration, which the caller did not want.
    #[error("the schema of `{file}` is version {found} and needs a migration to version {supported}")]
    NeedsMigration {
        /// The file, as the store names it.
        file: String,
        /// The version in the file.
        found: i64,
        /// The version of this release.
        supported: i64,
    },
    /// The file, its folder or its file system does not do; the sentence says which.
    #[error("{0}")]
    Unusable(String),
    /// A root key that the store was used with is not at hand, or is another one.
    #[error("the root key is not the one that this store was written with")]
    WrongRootKey,
    /// The provider of the root key did not give one.
    #[error(transparent)]
    KeyProvider(#[from] crate::vault::ProviderError),
    /// The store failed while it was opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

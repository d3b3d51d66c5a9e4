//! The secrets of a place, without their values.

mod change;

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::json;

use crate::access::{Access, operations};
use crate::call::{Call, Caller};
use crate::error::Error;
use crate::model::{CursorKind, Page, PageRequest, Secret, SecretChange, SecretUse, SecretVersion, close_page};
use crate::store::{Place, SecretRow, Store, StoreError};
use crate::vault::{SecretValue, Template, TemplateError};

use change::{Delete, Destroy, RollBack, Set};

/// The secrets of a place: the vendor itself, or one customer.
///
/// Nothing here answers a value; a [service](crate::ServiceScope) resolves them (S3). Reading needs `secrets.view`,
/// changing `secrets.manage`.
#[derive(Clone, Debug)]
pub struct Secrets {
    access: Access,
}

impl Secrets {
    pub(crate) fn new(access: &Access) -> Self {
        Self { access: access.clone() }
    }

    /// The secrets in the order of their keys.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`] for a foreign cursor or a page size that is not 1 to 1,000.
    pub fn list(&self, page: PageRequest) -> Call<Page<Secret>> {
        self.access.read(&operations::SECRETS_LIST, move |access, _, caller| async move {
            let (place, limit) = (access.place, page.limit()?);
            let kind = CursorKind::new(json!(["secrets", place.vendor().to_string(), place.to_string()]).to_string());
            let after = page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
            let rows = access.app.store.secrets(place, after.as_deref(), limit + 1, caller).await?;
            Ok(close_page(rows, limit, &kind, |row| row.key.clone(), Secret::from))
        })
    }

    /// Sets a secret: makes it, or gives it a new version. Answers the deployments that use it (S6).
    ///
    /// The key is a letter followed by letters, digits and underscores, 128 characters at most, and never changes; the
    /// value is 1 byte to 64 KiB of text. It is encrypted before it reaches the store (S4).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`]; [`Error::KeyNotAvailable`] when the store was opened without a root
    /// key; [`Error::KeyProvider`].
    pub fn set(&self, key: &str, value: impl Into<SecretValue>) -> Call<SecretChange> {
        self.access.change(Set { key: key.to_owned(), value: value.into(), based_on: None })
    }

    /// Sets a secret only if its current version is still this one; 0 stands for a secret that there is not yet (S5). A secret
    /// that was deleted and made anew counts from 1 again. Otherwise like [`set`](Secrets::set).
    ///
    /// # Errors
    ///
    /// [`Error::StaleRevision`] when it has another version; those of [`set`](Secrets::set).
    pub fn set_at(&self, key: &str, value: impl Into<SecretValue>, version: u64) -> Call<SecretChange> {
        self.access.change(Set { key: key.to_owned(), value: value.into(), based_on: Some(version) })
    }

    /// The versions of a secret that are kept, newest first; never their values (S5).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::InvalidInput`] for a foreign cursor or a page size that is not 1 to
    /// 1,000.
    pub fn versions(&self, key: &str, page: PageRequest) -> Call<Page<SecretVersion>> {
        let key = key.to_owned();
        self.access.read(&operations::SECRETS_VERSIONS, move |access, _, caller| async move {
            let (store, place, limit) = (&access.app.store, access.place, page.limit()?);
            let secret = existing(&**store, place, &key).await?;
            let kind = CursorKind::new(json!(["secret versions", secret.id.to_string()]).to_string());
            let before = page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
            let before = before
                .map(|key| key.parse().map_err(|_| Error::invalid("cursor", "is not one of this list and filter")))
                .transpose()?;
            let rows = store.secret_versions(place, secret.id, before, limit + 1, caller).await?;
            let record = |row| SecretVersion::new(row, secret.version);
            Ok(close_page(rows, limit, &kind, |row| row.version.to_string(), record))
        })
    }

    /// Gives a secret the value of an earlier version, as a new version (S5).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`] for an unknown secret, or a version that is not kept;
    /// [`Error::InvalidInput`] for the current version, or one that was destroyed.
    pub fn roll_back(&self, key: &str, version: u64) -> Call<SecretChange> {
        self.access.change(RollBack { key: key.to_owned(), version })
    }

    /// Destroys the value of an earlier version; that it was there stays listed (S5).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`] for an unknown secret, or a version that is not kept;
    /// [`Error::InvalidInput`] for the current version.
    pub fn destroy(&self, key: &str, version: u64) -> Call<()> {
        self.access.change(Destroy { key: key.to_owned(), version })
    }

    /// Deletes a secret with all its versions, unless a deployment uses it (S6).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`]; [`Error::SecretInUse`] with the names of the deployments.
    pub fn delete(&self, key: &str) -> Call<()> {
        self.access.change(Delete { key: key.to_owned(), although_used: false })
    }

    /// Deletes a secret with all its versions, although deployments may use it; their next rendering fails.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`].
    pub fn delete_although_used(&self, key: &str) -> Call<()> {
        self.access.change(Delete { key: key.to_owned(), although_used: true })
    }

    /// The deployments that use a secret, in the order of their ids, with the version that each runs: so a rotation is
    /// watched to its end (S6). The secret itself need not exist.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`] for a foreign cursor or a page size that is not 1 to 1,000.
    pub fn used_by(&self, key: &str, page: PageRequest) -> Call<Page<SecretUse>> {
        let key = key.to_owned();
        self.access.read(&operations::SECRETS_USED_BY, move |access, _, caller| async move {
            uses(&*access.app.store, access.place, &key, &page, caller).await
        })
    }

    /// Everything that is wrong with a template in this place, in the order of the text: mistakes, and secrets that it needs
    /// and that there are not (S6). Nothing when all is well.
    ///
    /// # Errors
    ///
    /// Those of a denial.
    pub fn check(&self, template: &str) -> Call<Vec<TemplateError>> {
        let template = template.to_owned();
        self.access.read(&operations::SECRETS_CHECK, move |access, _, _| async move {
            let mut known = BTreeSet::new();
            for key in needed(&template) {
                if access.app.store.secret(access.place, &key).await?.is_some() {
                    known.insert(key);
                }
            }
            Ok(Template::check(&template, |key| known.contains(key)))
        })
    }
}

/// The secrets without which a template cannot be rendered, also of one that has mistakes.
fn needed(template: &str) -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    Template::check(template, |key| {
        asked.borrow_mut().insert(key.to_owned());
        true
    });
    asked.into_inner()
}

/// A secret of the place that exists.
pub(super) async fn existing(store: &dyn Store, place: Place, key: &str) -> Result<SecretRow, Error> {
    store.secret(place, key).await?.ok_or_else(|| Error::not_found("secret"))
}

/// A page of the deployments that use a secret.
async fn uses(
    store: &dyn Store,
    place: Place,
    key: &str,
    page: &PageRequest,
    caller: Caller,
) -> Result<Page<SecretUse>, Error> {
    let limit = page.limit()?;
    let kind = CursorKind::new(json!(["uses", place.vendor().to_string(), place.to_string(), key]).to_string());
    let after = page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
    let rows: Result<_, StoreError> = store.uses(place, key, after.as_deref(), limit + 1, caller).await;
    Ok(close_page(rows?, limit, &kind, |row| row.deployment.clone(), SecretUse::from))
}

//! Opening a store: by which path it is reached, and what stands there by then.

#[cfg(test)]
mod opening {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use tenantry_core::error::Error;
    use tenantry_core::{Catalog, NewCustomer, PageRequest, RootKey, Tenantry};
    use tenantry_sqlite::Sqlite;

    fn open(path: &Path, key: u8) -> Result<Tenantry, Error> {
        Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([key; 32])).open(Sqlite::file(path)).wait()
    }

    /// A vendor with this key, and a secret: the store knows its root key then.
    fn populate(app: &Tenantry, vendor: &str) {
        let vendor = app.bootstrap(vendor, "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let customer = vendor.customers().create(NewCustomer::new("Globex")).wait().unwrap();
        vendor.customer(customer.id).secrets().set("K", "v").wait().unwrap();
    }

    #[test]
    fn the_longest_deadline_does() {
        let folder = tempfile::tempdir().unwrap();
        let address = Sqlite::file(folder.path().join("store.db")).busy_deadline(Duration::MAX);
        Tenantry::builder(Catalog::standard()).open(address).wait().unwrap();
    }
}

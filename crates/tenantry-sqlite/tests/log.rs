//! The write-ahead log stays short, whoever reads meanwhile (storage rule 12).

#[cfg(test)]
mod log {
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;
    use std::thread;

    use rusqlite::Connection;
    use tenantry_core::{AuditQuery, Catalog, CustomerFilter, NewCustomer, RootKey, Tenantry, VendorScope};
    use tenantry_sqlite::{Durability, Sqlite};

    /// How long it is when SQLite copies it back.
    const CHECKPOINT: u64 = 8 << 20;

    fn open(path: &Path) -> (Tenantry, VendorScope) {
        let sqlite = Sqlite::file(path).durability(Durability::ProcessCrash);
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32])).open(sqlite);
        let app = app.wait().unwrap();
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        (app, vendor)
    }

    fn import(vendor: &VendorScope, first: u64, rows: u64) {
        let rows = (first..first + rows).map(|row| Ok(NewCustomer::new("Initech").external_id(row.to_string())));
        vendor.customers().import(rows, |_| ()).wait().unwrap();
    }

    fn length(path: &Path) -> u64 {
        fs::metadata(path.with_extension("db-wal")).unwrap().len()
    }

    /// Whoever walks through all pages, as for an export, is in nobody's way between them.
    #[test]
    fn a_list_keeps_no_transaction_open_between_its_pages() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let (_app, vendor) = open(&path);
        import(&vendor, 0, 300);
        let raw = Connection::open(&path).unwrap();
        raw.busy_timeout(std::time::Duration::ZERO).unwrap();
        let assert_nobody_reads = || {
            raw.execute_batch("UPDATE store SET id = id").unwrap();
            let blocked: bool = raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
            assert!(!blocked);
            assert_eq!(length(&path), 0);
        };
        for text in ["", "init", "it"] {
            let mut filter = CustomerFilter::new().text(text).page_size(100);
            while let Some(next) = vendor.customers().list(filter.clone()).wait().unwrap().next {
                assert_nobody_reads();
                filter.page.after = Some(next);
            }
            assert_nobody_reads();
        }
        let first = vendor.audit().follow(AuditQuery::new().page_size(100)).wait().unwrap();
        assert_nobody_reads();
        assert!(first.next.is_some());
    }

    /// A `verify` after another, and walks through all customers, while somebody writes until the log has been full some
    /// times: it is copied back and begun anew meanwhile. And what is found wrong is nothing that others are just writing.
    #[test]
    fn a_long_verify_beside_a_writer_finds_nothing_wrong_and_does_not_let_the_log_grow() {
        const ROWS: u64 = 250;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let (app, vendor) = open(&path);
        let (ends, mut longest, mut begun_anew) = (AtomicBool::new(false), 0, 0);
        thread::scope(|threads| {
            let verify = || {
                while !ends.load(Relaxed) {
                    assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
                }
            };
            let walk = || {
                let all = CustomerFilter::new().page_size(1_000);
                let mut filter = all.clone();
                while !ends.load(Relaxed) {
                    let next = vendor.customers().list(filter).wait().unwrap().next;
                    filter = all.clone();
                    filter.page.after = next;
                }
            };
            let readers = [threads.spawn(verify), threads.spawn(walk)];
            let mut before = length(&path);
            for turn in 0.. {
                import(&vendor, turn * ROWS, ROWS);
                let now = length(&path);
                longest = longest.max(now);
                begun_anew += u64::from(now < before);
                before = now;
                // As often as it takes; a log that is never begun anew becomes as long as all that is written.
                if begun_anew >= 2 || longest > 12 * CHECKPOINT || readers.iter().any(|reader| reader.is_finished()) {
                    break;
                }
            }
            ends.store(true, Relaxed);
        });
        assert!(longest <= 12 * CHECKPOINT, "{longest}");
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        import(&vendor, u64::from(u32::MAX), 1);
    }
}

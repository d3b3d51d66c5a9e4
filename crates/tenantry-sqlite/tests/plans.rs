//! No statement of the store looks at more rows the more there are: every one that runs is listened to, and SQLite is
//! asked how it would go about it.

#[cfg(test)]
mod plans {
    use std::collections::BTreeSet;
    use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use rusqlite::{Connection, ffi};
    use tempfile::TempDir;
    use tenantry_conformance::{Candidate, Failure, Opened, cases};
    use tenantry_core::ids::VendorId;
    use tenantry_core::store::{Admission, AuditFilter, OpenStore, Place, Store};
    use tenantry_core::testing::ready;
    use tenantry_core::{
        Builder, Caller, Catalog, CustomerFilter, CustomerPatch, Error, NewCustomer, Role, RootKey, Tenantry,
        VendorScope,
    };
    use tenantry_sqlite::{Durability, Sqlite};
    use uuid::Uuid;

    static HEARD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

    /// Listens to a connection that is opened.
    unsafe extern "C" fn listen(
        connection: *mut ffi::sqlite3,
        _: *mut *mut c_char,
        _: *const ffi::sqlite3_api_routines,
    ) -> c_int {
        // SAFETY: SQLite hands over the connection that it opens; `hear` takes what this event brings.
        unsafe { ffi::sqlite3_trace_v2(connection, ffi::SQLITE_TRACE_STMT as c_uint, Some(hear), std::ptr::null_mut()) }
    }

    unsafe extern "C" fn hear(_: c_uint, _: *mut c_void, statement: *mut c_void, _: *mut c_void) -> c_int {
        // SAFETY: with this event the pointer is a statement that runs; its text lives as long as it.
        let sql = unsafe { ffi::sqlite3_sql(statement.cast()) };
        if !sql.is_null() {
            // SAFETY: SQLite ends it with a NUL.
            let sql = unsafe { CStr::from_ptr(sql) }.to_string_lossy();
            HEARD.lock().unwrap().insert(sql.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        0
    }

    fn listen_to_all() {
        // SAFETY: the function has the signature that SQLite asks for and lives for ever; a second time changes nothing.
        assert_eq!(unsafe { ffi::sqlite3_auto_extension(Some(listen)) }, ffi::SQLITE_OK);
    }

    struct Files;

    impl Candidate for Files {
        fn fresh(&self) -> Result<Box<dyn Opened>, Failure> {
            let folder = tempfile::tempdir()?;
            Ok(Box::new(File { path: folder.path().join("store.db"), _folder: folder }))
        }
    }

    struct File {
        path: PathBuf,
        _folder: TempDir,
    }

    impl File {
        fn address(&self) -> Sqlite {
            Sqlite::file(&self.path).durability(Durability::ProcessCrash)
        }
    }

    impl Opened for File {
        fn open(&self, builder: Builder) -> Result<Tenantry, Error> {
            builder.open(self.address()).wait()
        }

        fn store(&self) -> Result<Arc<dyn Store>, Failure> {
            Ok(ready(Box::new(self.address()).open(Admission::unconditional(), Caller::Blocking))?)
        }
    }

    /// Searches that lead every way: few and many matches, at the begin and at the end, in names and e-mails.
    fn search(staff: &VendorScope) {
        let name = |number: u32| match number % 3 {
            0 => format!("aardvark {number}"),
            1 => format!("middle {number} company"),
            _ => format!("zebra {number}"),
        };
        let rows = (0..6_000).map(move |number| Ok(NewCustomer::new(name(number)).external_id(format!("x-{number}"))));
        staff.customers().import(rows, |_| ()).wait().unwrap();
        let list = |filter: CustomerFilter| staff.customers().list(filter).wait().unwrap();
        for filter in [CustomerFilter::new(), CustomerFilter::new().archived(), CustomerFilter::new().any_status()] {
            list(filter.feature("alerts"));
        }
        let few = list(CustomerFilter::new().text("zebra")).items;
        for (number, customer) in few.iter().enumerate() {
            let email = format!("somebody-{number}@many.test");
            staff.customer(customer.id).members().invite("Somebody", &email, Role::User).wait().unwrap();
        }
        let renamed = staff.customer(few[0].id);
        for text in ["zebra", "aardvark 12", "company", "@many", "nowhere", "z", "ze", "qq", "\0", "x-1234"] {
            for _ in 0..4 {
                for filter in [
                    CustomerFilter::new(),
                    CustomerFilter::new().archived(),
                    CustomerFilter::new().any_status().feature("alerts"),
                ] {
                    let filter = filter.text(text).page_size(7);
                    if let Some(next) = list(filter.clone()).next {
                        list(filter.after(next));
                    }
                }
            }
            renamed.update(CustomerPatch::new().name(format!("renamed {}", text.len()))).wait().unwrap();
        }
    }

    /// What is known to look at more, and why that is no harm.
    const ALLOWED: [(&str, &str); 8] = [
        ("FROM sqlite_schema", "SCAN sqlite_master"),
        ("FROM root_keys", "SCAN root_keys"),
        ("SELECT id FROM store", "SCAN store"),
        // The invitations of one member.
        ("ORDER BY state = 'pending' DESC, id DESC LIMIT 1", "USE TEMP B-TREE FOR ORDER BY"),
        // What the log says of one person.
        ("SELECT DISTINCT e.vendor_id, e.place_id, e.target", "USE TEMP B-TREE"),
        // One page, which is complete by then.
        ("id IN (SELECT id FROM customers INDEXED BY", "USE TEMP B-TREE FOR ORDER BY"),
        // The actions of one actor, and a page of each.
        ("WITH RECURSIVE actions", "SCAN actions"),
        ("WITH RECURSIVE actions", "USE TEMP B-TREE FOR ORDER BY"),
    ];

    /// Whether a step of a plan looks at all rows of a table or sorts what it found.
    fn is_long(step: &str) -> bool {
        let scans = step.starts_with("SCAN ") && step != "SCAN CONSTANT ROW";
        // Virtual tables are always scanned; what narrows that down stands behind.
        let matches = step.starts_with("SCAN search_index VIRTUAL TABLE") && step.contains(":M");
        let ranges = step.starts_with("SCAN search_terms VIRTUAL TABLE") && !step.ends_with(" 0:");
        (scans && !matches && !ranges) || step.contains("TEMP B-TREE") || step.contains("AUTOMATIC")
    }

    fn steps(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        // The parameters stay unbound.
        statement.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect()
    }

    fn long_steps(connection: &Connection, sql: &str) -> Vec<String> {
        let allowed = |step: &str| ALLOWED.iter().any(|(part, known)| sql.contains(part) && step.starts_with(known));
        steps(connection, sql).into_iter().filter(|step| is_long(step) && !allowed(step)).collect()
    }

    #[test]
    fn no_statement_scans_a_table_or_sorts_a_list() {
        listen_to_all();
        for case in cases() {
            // Whether it passes is shown elsewhere.
            let _ = case.run(&*Files.fresh().unwrap());
        }
        let file = File { path: PathBuf::new(), _folder: tempfile::tempdir().unwrap() };
        let file = File { path: file._folder.path().join("store.db"), ..file };
        let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
        let app = file.open(builder).unwrap();
        let staff = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        search(&staff);
        let heard = HEARD.lock().unwrap().clone();

        let schema = ["v1", "v2", "v3", "v4", "v5"].map(|version| {
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/schema/{version}.sql"));
            let text = std::fs::read_to_string(path).unwrap();
            let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
            lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
        });
        let is_ours = |sql: &str| {
            let verb = sql.split(' ').next().unwrap_or_default().to_uppercase();
            ["SELECT", "INSERT", "UPDATE", "DELETE"].contains(&verb.as_str())
                // FTS5's own, on its tables.
                && !sql.contains("'search_index'")
                && !sql.contains("'search_index_")
                && !sql.contains("pragma_foreign_key_check")
                && !schema.iter().any(|schema| schema.contains(sql.trim_end_matches(';')))
        };
        let connection = Connection::open(&file.path).unwrap();
        let (mut seen, mut walks) = (0, 0);
        let mut long = Vec::new();
        // What a check of the whole file reads is marked as such in its text.
        for sql in heard.iter().filter(|sql| is_ours(sql) && !sql.starts_with("/* reads all */")) {
            seen += 1;
            long.extend(long_steps(&connection, sql).into_iter().map(|step| format!("{step}: {sql}")));
            // Whoever walks along the names for a feature reads no customer on the way.
            if sql.contains("instr(features") {
                walks += 1;
                let plan = steps(&connection, sql);
                let begins =
                    |way: &str| plan.iter().any(|step| step.starts_with(&format!("SEARCH customers USING {way}")));
                assert!(begins("COVERING INDEX customers_") && !begins("INDEX"), "{sql}: {plan:?}");
            }
        }
        assert_eq!(long, Vec::<String>::new());
        // So that the searches do not take to ways that are not listened to.
        for part in ["search_index MATCH", "FROM search_terms", "customer BETWEEN", "INDEXED BY customers_archived"] {
            assert!(heard.iter().any(|sql| sql.contains(part)), "no statement with `{part}` was heard");
        }
        assert!(seen > 100 && walks >= 6, "{seen} statements, {walks} of them for a feature");
    }

    #[test]
    fn the_log_is_read_by_the_index_of_its_filter() {
        listen_to_all();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let address = Box::new(Sqlite::file(&path));
        let store = ready(address.open(Admission::unconditional(), Caller::Blocking)).unwrap();
        let vendor = VendorId::from_uuid(Uuid::from_u128(1));
        for (place, actor, action, way) in [
            (false, false, false, "audit_entries_position (vendor_id=? AND position"),
            (false, false, true, "audit_entries_action (vendor_id=? AND action=? AND position"),
            (false, true, true, "audit_entries_actor (vendor_id=? AND actor=? AND action=? AND position"),
            // The positions are found as in the line above, for each action.
            (false, true, false, "audit_entries_position (vendor_id=? AND position=?)"),
            (true, false, false, "PRIMARY KEY (vendor_id=? AND place_id=? AND number"),
            (true, false, true, "PRIMARY KEY (vendor_id=? AND place_id=? AND number"),
            (true, true, false, "PRIMARY KEY (vendor_id=? AND place_id=? AND number"),
            (true, true, true, "PRIMARY KEY (vendor_id=? AND place_id=? AND number"),
        ] {
            for newest_first in [false, true] {
                let filter = AuditFilter {
                    place: place.then_some(Place::Vendor(vendor)),
                    actor: actor.then(|| "host".to_owned()),
                    action: action.then(|| "vendor.created".to_owned()),
                    newest_first,
                };
                ready(store.log(vendor, 7, &filter, 50, Caller::Blocking)).unwrap();
                let is_its = |sql: &&String| {
                    let asks = [(place, "e.place_id = ?3"), (actor, "e.actor = ?4"), (action, "e.action = ?5")];
                    sql.contains("FROM audit_entries AS e")
                        && sql.ends_with(if newest_first { "DESC LIMIT ?6" } else { "ASC LIMIT ?6" })
                        && asks.iter().all(|(asked, part)| sql.contains(part) == *asked)
                };
                let heard: Vec<_> = HEARD.lock().unwrap().iter().filter(is_its).cloned().collect();
                assert_eq!(heard.len(), 1, "{filter:?}: {heard:?}");
                let plan = steps(&Connection::open(&path).unwrap(), &heard[0]);
                assert!(plan.iter().any(|step| step.starts_with("SEARCH e USING") && step.contains(way)), "{plan:?}");
                let by_actor = "COVERING INDEX audit_entries_actor (vendor_id=? AND actor=? AND action=? AND position";
                let end = if newest_first { "<?)" } else { ">?)" };
                let finds = |step: &String| step.contains(by_actor) && step.ends_with(end);
                assert_eq!(plan.iter().any(finds), actor && !action && !place, "{plan:?}");
            }
        }
    }

    #[test]
    fn a_scan_and_a_sort_are_found() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (a PRIMARY KEY, b) WITHOUT ROWID; CREATE TABLE root_keys (id)")
            .unwrap();
        for (sql, count) in [
            ("SELECT * FROM t WHERE b = 1", 1),
            ("SELECT * FROM t WHERE a > 1 ORDER BY b", 1),
            ("SELECT * FROM t AS x JOIN t AS y ON x.b = y.b", 2),
            ("SELECT * FROM t WHERE a > 1 ORDER BY a", 0),
            ("SELECT id FROM root_keys", 0),
        ] {
            assert_eq!(long_steps(&connection, sql).len(), count, "{sql}");
        }
    }
}

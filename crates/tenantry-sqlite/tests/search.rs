//! What the search index leaves behind, and what is said when it is wrong.

#[cfg(test)]
mod search {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use rusqlite::Connection;
    use tenantry_core::store::{Admission, OpenStore, Store};
    use tenantry_core::testing::ready;
    use tenantry_core::{
        Caller, Catalog, CustomerFilter, CustomerPatch, NewCustomer, Role, RootKey, Tenantry, VendorScope,
    };
    use tenantry_sqlite::{Durability, Sqlite};

    /// Letters that nothing else in a file has.
    const NAME: &str = "ჯჰჱჲჳჴჵ";
    const EXTERNAL_ID: &str = "ჶჷჸჹჺ";
    const EMAIL: &str = "zqxjkvwq@wqjxzkqv.test";

    fn open(path: &Path) -> (Tenantry, VendorScope) {
        let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
        let app = builder.open(Sqlite::file(path).durability(Durability::ProcessCrash)).wait().unwrap();
        let staff = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        (app, staff)
    }

    /// The trigrams of the planted texts that stand in a file of the folder or in the index.
    fn traces(folder: &Path) -> Vec<String> {
        let trigrams = |text: &str| -> Vec<String> {
            let characters: Vec<char> = text.chars().collect();
            characters.windows(3).map(String::from_iter).collect()
        };
        let raw = Connection::open(folder.join("store.db")).unwrap();
        let mut found = Vec::new();
        for trigram in [NAME, EXTERNAL_ID, "zqxjkvwq", "wqjxzkqv"].into_iter().flat_map(trigrams) {
            let sql = "SELECT count(*) FROM search_terms WHERE term = ?1";
            let count: i64 = raw.query_row(sql, [&trigram], |row| row.get(0)).unwrap();
            if count > 0 {
                found.push(format!("{trigram} in the index"));
            }
        }
        // Three letters of ASCII may stand in a ciphertext by chance.
        let texts = [NAME, EXTERNAL_ID].into_iter().flat_map(trigrams).chain(["zqxjkvwq".into(), "wqjxzkqv".into()]);
        for text in texts {
            for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
                if fs::read(&file).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
                    found.push(format!("{text} in {}", file.display()));
                }
            }
        }
        found
    }

    /// However many segments the index has, and wherever in them the customer stands.
    #[test]
    fn c6_no_three_letters_of_a_deleted_customer_stand_in_a_file() {
        for (before, after) in [(0, 0), (0, 70), (70, 0), (40, 700), (700, 40)] {
            let folder = tempfile::tempdir().unwrap();
            let (app, staff) = open(&folder.path().join("store.db"));
            let others = |count| {
                for number in 0..count {
                    staff.customers().create(NewCustomer::new(format!("Globex Corporation {number}"))).wait().unwrap();
                }
            };
            others(before);
            let new = NewCustomer::new(NAME).external_id(EXTERNAL_ID);
            let customer = staff.customer(staff.customers().create(new).wait().unwrap().id);
            customer.members().invite("Zeb", EMAIL, Role::User).wait().unwrap();
            others(after);
            assert!(!traces(folder.path()).is_empty());
            customer.delete(NAME).wait().unwrap();
            assert_eq!(traces(folder.path()), Vec::<String>::new(), "between {before} and {after}");
            assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        }
    }

    #[test]
    fn c7_who_is_renamed_is_found_by_the_new_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let (app, staff) = open(&folder.path().join("store.db"));
        let new = NewCustomer::new(NAME).external_id(EXTERNAL_ID);
        let customer = staff.customer(staff.customers().create(new).wait().unwrap().id);
        customer.members().invite("Zeb", EMAIL, Role::User).wait().unwrap();
        let found = |text: &str| staff.customers().list(CustomerFilter::new().text(text)).wait().unwrap().items.len();
        assert_eq!([NAME, EXTERNAL_ID, "ZQX", "globex"].map(found), [1, 1, 1, 0]);
        customer.update(CustomerPatch::new().name("Globex").without_external_id()).wait().unwrap();
        assert_eq!([NAME, EXTERNAL_ID, "ZQX", "globex"].map(found), [0, 0, 1, 1]);
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
    }

    #[test]
    fn an_index_that_is_not_what_the_rows_say_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let (app, staff) = open(&path);
        for name in ["Globex", "Initech"] {
            let customer = staff.customers().create(NewCustomer::new(name)).wait().unwrap();
            staff.customer(customer.id).members().invite("Hank", "hank@globex.test", Role::User).wait().unwrap();
        }
        app.maintenance("test").close().wait().unwrap();
        let whole = fs::read(&path).unwrap();
        for (change, said) in [
            ("UPDATE search_customers SET name_folded = 'hooli' WHERE name_folded = 'globex'", "customers are not"),
            ("DELETE FROM search_customers WHERE name_folded = 'globex'", "customers are not"),
            ("UPDATE customers SET name_folded = 'hooli' WHERE name_folded = 'globex'", "customers are not"),
            (
                "INSERT INTO search_customers SELECT 7, customer_id, 'x', NULL FROM search_customers LIMIT 1",
                "to no customer",
            ),
            ("UPDATE search_members SET email_folded = 'x'", "members are not"),
            ("UPDATE search_members SET customer = (SELECT max(number) FROM search_customers)", "members are not"),
            ("UPDATE users SET email_folded = 'x' WHERE email = 'hank@globex.test'", "members are not"),
            ("INSERT INTO search_members SELECT 7, customer, 'x' FROM search_members LIMIT 1", "to no member"),
            ("INSERT INTO search_index (rowid, text) VALUES (1, 'hooli')", "the trigrams"),
            (
                "INSERT INTO search_index (search_index, rowid, text, more)
                     SELECT 'delete', number, name_folded || char(1, 1), NULL FROM search_customers LIMIT 1",
                "the trigrams",
            ),
            ("DELETE FROM search_index_data WHERE id > 10", "the search index is damaged"),
        ] {
            fs::write(&path, &whole).unwrap();
            Connection::open(&path).unwrap().execute_batch(change).unwrap();
            let store = Box::new(Sqlite::file(&path)).open(Admission::unconditional(), Caller::Blocking);
            let store: Arc<dyn Store> = ready(store).unwrap();
            let found = ready(store.check_integrity(Caller::Blocking)).unwrap();
            assert!(found.iter().any(|line| line.contains(said)), "{change}: {found:?}");
            ready(store.close()).unwrap();
        }
    }
}

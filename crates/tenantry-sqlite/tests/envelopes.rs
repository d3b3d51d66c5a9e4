//! S4: what is sealed opens where it belongs and nowhere else, and only as it was sealed.

#[cfg(test)]
mod envelopes {
    use std::path::{Path, PathBuf};

    use rusqlite::Connection;
    use tempfile::TempDir;
    use tenantry_core::testing::cast;
    use tenantry_core::{Catalog, NewCustomer, Place, RootKey, Secrets, Tenantry, UserId};
    use tenantry_sqlite::{Durability, Sqlite};

    const REFUSALS: [&str; 3] = ["decryption_failed", "key_not_available", "unsupported_format"];
    const VERSIONS: u64 = 3;

    /// A version of a secret: where it is asked for, and the key of its row.
    struct Version {
        place: usize,
        key: &'static str,
        number: u64,
        row: (Vec<u8>, i64),
    }

    /// Two vendors, three customers; two secrets in each place, of three versions.
    struct Bench {
        path: PathBuf,
        raw: Connection,
        /// A handle that has used every key.
        warm: Tenantry,
        /// The places, each with the member of its vendor's staff who acts there.
        places: Vec<(Place, UserId)>,
        versions: Vec<Version>,
        _folder: TempDir,
    }

    fn open(path: &Path) -> Tenantry {
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
        app.open(Sqlite::file(path).durability(Durability::ProcessCrash)).wait().unwrap()
    }

    fn secrets(app: &Tenantry, place: Place, staff: UserId) -> Secrets {
        let vendor = app.vendor(place.vendor(), staff);
        place.customer().map_or_else(|| vendor.secrets(), |customer| vendor.customer(customer).secrets())
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store.db");
            let warm = open(&path);
            let (acme, umbrella) = (cast(&warm, "acme").unwrap(), cast(&warm, "umbrella").unwrap());
            let globex = acme.staff[0].customers().create(NewCustomer::new("Globex")).wait().unwrap();
            let globex = acme.staff[0].customer(globex.id);
            let [ada, uma] = [&acme, &umbrella].map(|cast| cast.staff[0].user_id().unwrap());
            let places = [acme.staff[0].place(), acme.customer.place(), globex.place()].map(|place| (place, ada));
            let places = [places.as_slice(), &[(umbrella.customer.place(), uma)]].concat();
            let raw = Connection::open(&path).unwrap();
            raw.execute_batch("PRAGMA synchronous = OFF").unwrap();
            let mut versions = Vec::new();
            for (place, (at, user)) in places.iter().enumerate() {
                let secrets = secrets(&warm, *at, *user);
                for key in ["A", "B"] {
                    for number in 1..=VERSIONS {
                        secrets.set(key, format!("{place} {key} {number}").as_str()).wait().unwrap();
                        let id: Vec<u8> = raw
                            .query_row(
                                "SELECT id FROM secrets WHERE place_id = ?1 AND key = ?2",
                                (*at.uuid().as_bytes(), key),
                                |row| row.get(0),
                            )
                            .unwrap();
                        versions.push(Version { place, key, number, row: (id, i64::try_from(number).unwrap()) });
                    }
                }
            }
            Self { path, raw, warm, places, versions, _folder: folder }
        }

        fn sealed(&self, version: &Version) -> Vec<u8> {
            let sql = "SELECT sealed FROM secret_versions WHERE secret_id = ?1 AND version = ?2";
            self.raw.query_row(sql, (&version.row.0, version.row.1), |row| row.get(0)).unwrap()
        }

        fn put(&self, version: &Version, sealed: &[u8]) {
            let sql = "UPDATE secret_versions SET sealed = ?3 WHERE secret_id = ?1 AND version = ?2";
            assert_eq!(self.raw.execute(sql, (&version.row.0, version.row.1, sealed)).unwrap(), 1);
        }

        /// What a handle answers for a version: the current one is resolved, an earlier one rolled back to.
        fn asked(&self, app: &Tenantry, version: &Version) -> Result<String, &'static str> {
            let (place, user) = self.places[version.place];
            if version.number < VERSIONS {
                let rolled_back = secrets(app, place, user).roll_back(version.key, version.number).wait();
                return rolled_back.map(|change| change.secret.key).map_err(|error| error.code());
            }
            let values = app.service(place, "deployer", "test").resolve([version.key]).wait();
            values.map(|values| values[0].value.expose().to_owned()).map_err(|error| error.code())
        }

        #[track_caller]
        fn refused(&self, app: &Tenantry, version: &Version, what: &str) {
            let answer = self.asked(app, version);
            assert!(answer.as_ref().is_err_and(|code| REFUSALS.contains(code)), "{what}: {answer:?}");
        }

        /// As before: every secret has its own value.
        fn intact(&self) {
            for version in self.versions.iter().filter(|version| version.number == VERSIONS) {
                let own = format!("{} {} {VERSIONS}", version.place, version.key);
                for app in [&self.warm, &open(&self.path)] {
                    assert_eq!(self.asked(app, version), Ok(own.clone()));
                }
            }
            assert_eq!(self.warm.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        }
    }

    #[test]
    fn s4_any_two_sealed_values_that_are_exchanged_are_refused() {
        let bench = Bench::new();
        bench.intact();
        for (index, one) in bench.versions.iter().enumerate() {
            for other in &bench.versions[index + 1..] {
                let what =
                    format!("{:?} for {:?}", (one.place, one.key, one.number), (other.place, other.key, other.number));
                let sealed = [bench.sealed(one), bench.sealed(other)];
                bench.put(one, &sealed[1]);
                bench.put(other, &sealed[0]);
                let cold = open(&bench.path);
                for version in [one, other] {
                    bench.refused(&bench.warm, version, &what);
                    bench.refused(&cold, version, &what);
                }
                bench.put(one, &sealed[0]);
                bench.put(other, &sealed[1]);
            }
        }
        bench.intact();
    }

    #[test]
    fn s4_any_two_wrapped_keys_that_are_exchanged_are_refused() {
        let bench = Bench::new();
        let columns = [
            "wrapped",
            "id, wrapped",
            "wrapped, check_value",
            "id, check_value",
            "id, wrapped, check_value",
            "id",
            "check_value",
        ];
        bench.raw.execute_batch("CREATE TABLE kept AS SELECT * FROM place_keys").unwrap();
        for (index, (one, _)) in bench.places.iter().enumerate() {
            for (offset, (other, _)) in bench.places[index + 1..].iter().enumerate() {
                for columns in columns {
                    for (to, from) in [(one, other), (other, one)] {
                        let copy = format!(
                            "UPDATE place_keys SET ({columns}) = (SELECT {columns} FROM kept WHERE place_id = ?2) WHERE place_id = ?1"
                        );
                        bench.raw.execute(&copy, (*to.uuid().as_bytes(), *from.uuid().as_bytes())).unwrap();
                    }
                    let cold = open(&bench.path);
                    for place in [index, index + 1 + offset] {
                        for version in bench.versions.iter().filter(|version| version.place == place) {
                            bench.refused(&bench.warm, version, columns);
                            bench.refused(&cold, version, columns);
                        }
                    }
                    assert_ne!(bench.warm.maintenance("test").verify(Vec::new()).wait().unwrap(), [], "{columns}");
                    bench
                        .raw
                        .execute_batch("DELETE FROM place_keys; INSERT INTO place_keys SELECT * FROM kept")
                        .unwrap();
                }
            }
        }
        bench.raw.execute_batch("DROP TABLE kept").unwrap();
        bench.intact();
    }

    #[test]
    fn s4_every_bit_of_a_sealed_value_counts() {
        let bench = Bench::new();
        for version in bench.versions.iter().filter(|version| version.place == 1 && version.number >= VERSIONS - 1) {
            let sealed = bench.sealed(version);
            for bit in 0..sealed.len() * 8 {
                let mut altered = sealed.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                bench.put(version, &altered);
                bench.refused(&bench.warm, version, &format!("bit {bit}"));
                if bit % 16 == 0 {
                    bench.refused(&open(&bench.path), version, &format!("bit {bit}"));
                }
            }
            for length in 0..sealed.len() {
                bench.put(version, &sealed[..length]);
                bench.refused(&bench.warm, version, &format!("{length} bytes"));
            }
            bench.put(version, &[sealed.as_slice(), &[0]].concat());
            bench.refused(&bench.warm, version, "a byte more");
            bench.put(version, &sealed);
        }
        bench.intact();
    }

    #[test]
    fn s4_every_bit_of_a_wrapped_key_and_of_what_stands_beside_it_counts() {
        let bench = Bench::new();
        let place = *bench.places[1].0.uuid().as_bytes();
        let version = bench.versions.iter().find(|version| version.place == 1 && version.number == VERSIONS).unwrap();
        for column in ["wrapped", "check_value", "id"] {
            let sql = format!("SELECT {column} FROM place_keys WHERE place_id = ?1");
            let whole: Vec<u8> = bench.raw.query_row(&sql, [place], |row| row.get(0)).unwrap();
            let put = |bytes: &[u8]| {
                let sql = format!("UPDATE place_keys SET {column} = ?2 WHERE place_id = ?1");
                assert_eq!(bench.raw.execute(&sql, (place, bytes)).unwrap(), 1);
            };
            for bit in 0..whole.len() * 8 {
                let mut altered = whole.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                put(&altered);
                // A key that was unwrapped before serves only the row that it came from.
                bench.refused(&bench.warm, version, &format!("{column} bit {bit}"));
                if bit % 16 == 0 {
                    bench.refused(&open(&bench.path), version, &format!("{column} bit {bit}"));
                    // Nothing is sealed with what was not unwrapped.
                    assert!(
                        secrets(&bench.warm, bench.places[1].0, bench.places[1].1).set("A", "never").wait().is_err()
                    );
                }
            }
            put(&whole);
        }
        let sql = "UPDATE place_keys SET generation = generation + ?2 WHERE place_id = ?1";
        for generation in [1, -1] {
            assert_eq!(bench.raw.execute(sql, (place, generation)).unwrap(), 1);
            if generation == 1 {
                bench.refused(&bench.warm, version, "another generation");
                bench.refused(&open(&bench.path), version, "another generation");
            }
        }
        bench.intact();
    }

    #[test]
    fn s4_nothing_opens_in_a_store_of_another_id() {
        let bench = Bench::new();
        let raw = Connection::open(&bench.path).unwrap();
        let id: Vec<u8> = raw.query_row("SELECT id FROM store", [], |row| row.get(0)).unwrap();
        let mut other = id.clone();
        other[0] ^= 1;
        raw.execute("UPDATE store SET id = ?1", [&other]).unwrap();
        // The root key's check value is bound to the store, too.
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
        assert_eq!(app.open(Sqlite::file(&bench.path)).wait().err().unwrap().code(), "wrong_root_key");
        raw.execute("UPDATE store SET id = ?1", [&id]).unwrap();
        bench.intact();
    }
}

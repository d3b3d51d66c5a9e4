//! S4: at every point where a process may be killed every secret opens, and the rotation is taken up.

#[cfg(test)]
mod rotation {
    use std::collections::BTreeMap;
    use std::env;
    use std::hint::black_box;
    use std::io::{BufRead, BufReader, Write};
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tenantry_core::{
        Builder, Catalog, CustomerFilter, CustomerScope, KeyRing, NewCustomer, PageRequest, Place, RootKey,
        RootKeyState, Secrets, Tenantry, VendorScope, VerifiedEmail,
    };
    use tenantry_sqlite::{Durability, Sqlite};

    const FILE: &str = "TENANTRY_TEST_ROTATION_FILE";
    const SEED: &str = "TENANTRY_TEST_ROTATION_SEED";
    const STEPS: &str = "TENANTRY_TEST_ROTATION_STEPS";
    const BOSS: &str = "ada@acme.test";
    const KEYS: u64 = 5;

    /// How many processes are killed: enough for every day, more with the environment variable `TENANTRY_LONG`.
    fn kills() -> u64 {
        if env::var_os("TENANTRY_LONG").is_some() { 4_000 } else { 200 }
    }

    /// Marsaglia's xorshift64: the same throws for the same seed.
    struct Dice(u64);

    impl Dice {
        fn up_to(&mut self, end: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % end
        }
    }

    fn root(number: u8) -> RootKey {
        RootKey::from_bytes([number; 32])
    }

    /// Both root keys, with the first as the one to go to.
    fn ring(to: u8, from: u8) -> Builder {
        Tenantry::builder(Catalog::standard()).root_key(KeyRing::new(root(to)).with(root(from)))
    }

    fn open(path: &Path, builder: Builder) -> Tenantry {
        builder.open(Sqlite::file(path).durability(Durability::ProcessCrash)).wait().unwrap()
    }

    fn boss(app: &Tenantry) -> VendorScope {
        let vendor = app.vendors(PageRequest::first()).wait().unwrap().items[0].id;
        let identity = app.identify(vendor, VerifiedEmail::new(BOSS)).wait().unwrap().unwrap();
        app.vendor(vendor, identity.user)
    }

    /// The places of a store, in an order that stays: the vendor, then its customers.
    fn places(app: &Tenantry) -> Vec<(Place, Secrets)> {
        let boss = boss(app);
        let customers = boss.customers().list(CustomerFilter::new()).wait().unwrap().items;
        let scopes: Vec<CustomerScope> = customers.iter().map(|customer| boss.customer(customer.id)).collect();
        let customers = scopes.iter().map(|scope| (scope.place(), scope.secrets()));
        std::iter::once((boss.place(), boss.secrets())).chain(customers).collect()
    }

    /// What the secrets of a store are: by the number of the place, and key. The second is a value that may have been set.
    #[derive(Default)]
    struct Values(BTreeMap<(usize, String), (String, Option<String>)>);

    impl Values {
        /// One to four places, with up to five secrets of some versions; one store in eight has more of them than one
        /// commit of a rotation moves.
        fn populate(path: &Path, dice: &mut Dice) -> Self {
            let app = open(path, ring(1, 2));
            let boss = app.bootstrap("acme", "Acme", "Ada", BOSS).wait().unwrap();
            for number in 0..dice.up_to(4) {
                boss.customers().create(NewCustomer::new(format!("Customer {number}"))).wait().unwrap();
            }
            let versions = if dice.up_to(8) == 0 { 10 } else { 1 + dice.up_to(4) };
            let mut values = Self::default();
            for (place, (_, secrets)) in places(&app).iter().enumerate() {
                let keys = if versions == 10 { 8 } else { dice.up_to(KEYS + 1) };
                for key in (0..keys).map(|key| format!("K{key}")) {
                    for version in 0..versions {
                        let value = format!("{place} {key} {version}");
                        secrets.set(&key, value.as_str()).wait().unwrap();
                        values.0.insert((place, key.clone()), (value, None));
                    }
                }
            }
            values
        }

        /// Takes in what a process said that it did, line by line, until it was killed.
        fn hear(&mut self, line: &str) {
            let words: Vec<_> = line.split(' ').collect();
            let ["sets" | "has", place, key, value] = words.as_slice() else { return };
            let entry = self.0.entry((place.parse().unwrap(), (*key).to_owned())).or_default();
            match words[0] {
                "sets" => entry.1 = Some((*value).to_owned()),
                _ => *entry = ((*value).to_owned(), None),
            }
        }

        /// Every secret opens, with the value that was acknowledged last, or the one that was being set.
        fn check(&mut self, app: &Tenantry, when: &str) {
            for (number, (place, _)) in places(app).into_iter().enumerate() {
                let found = app.service(place, "deployer", "test").resolve_all().wait();
                let found = found.unwrap_or_else(|error| panic!("{when}: `{}` of place {number}", error.code()));
                let mut found: BTreeMap<_, _> = found.iter().map(|it| (it.key.as_str(), it.value.expose())).collect();
                for ((_, key), (value, setting)) in self.0.iter_mut().filter(|((place, _), _)| *place == number) {
                    let opened = found.remove(key.as_str());
                    if setting.as_deref() == opened && opened.is_some() {
                        *value = setting.take().unwrap();
                    }
                    *setting = None;
                    assert_eq!(opened.unwrap_or_default(), value, "{when}: {key} of place {number}");
                }
                assert!(found.is_empty(), "{when}: {:?}", found.keys());
            }
            assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), [], "{when}");
        }
    }

    /// The process that is killed: sets and rotates at random, and says what it does. After so many steps it ends itself.
    fn work(path: &Path, seed: u64, steps: u64) {
        let mut dice = Dice(seed);
        let apps = [open(path, ring(1, 2)), open(path, ring(2, 1))];
        let places = [places(&apps[0]), places(&apps[1])];
        let left = Arc::new(AtomicU64::new(steps));
        let step = move || {
            if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                std::process::abort();
            }
            say("step");
        };
        for number in 0..200_u64 {
            let hand = usize::try_from(dice.up_to(2)).unwrap();
            let place = usize::try_from(dice.up_to(places[hand].len() as u64)).unwrap();
            let maintenance = apps[hand].maintenance("test");
            let step = step.clone();
            match dice.up_to(8) {
                0..=2 => drop(maintenance.rotate_place_key(places[hand][place].0, move |_| step()).wait().unwrap()),
                3..=4 => drop(maintenance.rotate_root_key(move |_| step()).wait().unwrap()),
                5 => drop(maintenance.stage_root_key().wait().unwrap()),
                _ => {
                    let (key, value) = (format!("K{}", dice.up_to(KEYS)), format!("{seed}-{number}"));
                    say(&format!("sets {place} {key} {value}"));
                    places[hand][place].1.set(&key, value.as_str()).wait().unwrap();
                    say(&format!("has {place} {key} {value}"));
                }
            }
        }
    }

    /// A line that the other process gets whole, or not at all.
    fn say(what: &str) {
        let mut out = std::io::stdout().lock();
        out.write_all(format!("{what}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    }

    /// Runs the other process until it ends itself between two commits, or is killed at any moment after so many lines.
    /// Whether it was.
    fn kill(path: &Path, dice: &mut Dice, values: &mut Values) -> bool {
        let by_itself = dice.up_to(2) == 0;
        let steps = if by_itself { 1 + dice.up_to(12) } else { u64::MAX };
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--nocapture", "--exact", "rotation::s4_every_secret_opens_whenever_a_process_is_killed"]);
        child.env(FILE, path).env(SEED, (1 + dice.up_to(u64::MAX)).to_string()).env(STEPS, steps.to_string());
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut left, mut heard) = (3 + dice.up_to(20), Vec::new());
        for line in lines.map_while(Result::ok) {
            heard.push(line);
            left = left.saturating_sub(1);
            if left == 0 && !by_itself {
                // Not just after a line: anywhere in what comes next.
                (0..dice.up_to(1_000_000)).for_each(|turn| {
                    black_box(turn);
                });
                // It may have ended meanwhile.
                drop(child.kill());
                left = u64::MAX;
            }
        }
        heard.iter().for_each(|line| values.hear(line));
        !child.wait().unwrap().success()
    }

    /// What a kill left half done: a place with two generations of its key, a root key that still wraps beside another, one
    /// that is only staged.
    fn half_done(path: &Path) -> [bool; 3] {
        let raw = rusqlite::Connection::open(path).unwrap();
        [
            "SELECT count(*) > 0 FROM place_keys WHERE generation > (SELECT min(generation) FROM place_keys AS other
                 WHERE other.vendor_id = place_keys.vendor_id AND other.place_id = place_keys.place_id)",
            "SELECT count(*) > 0 FROM root_keys WHERE state = 'superseded'",
            "SELECT count(*) > 0 FROM root_keys WHERE state = 'staged'",
        ]
        .map(|sql| raw.query_row(sql, [], |row| row.get(0)).unwrap())
    }

    /// Takes up what was broken off, to its end: every place hangs on one key, and that on one root key.
    fn resume(path: &Path, values: &mut Values, when: &str) {
        let app = open(path, ring(1, 2));
        let maintenance = app.maintenance("test");
        for (place, _) in places(&app) {
            maintenance.rotate_place_key(place, |_| ()).wait().unwrap();
        }
        maintenance.rotate_root_key(|_| ()).wait().unwrap();
        values.check(&app, when);
        let keys = maintenance.root_keys().wait().unwrap();
        let promoted: Vec<_> = keys.iter().filter(|key| key.state == RootKeyState::Promoted).collect();
        let retired = keys.iter().filter(|key| key.state == RootKeyState::Retired && key.wraps == 0);
        assert_eq!(promoted.len() + retired.count(), keys.len(), "{when}: {keys:?}");
        if let [promoted] = promoted.as_slice() {
            let is = |number: &&u8| {
                let id: String = root(**number).id().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                id == promoted.id
            };
            let number = *[1, 2].iter().find(is).unwrap();
            // The other one is not needed any more.
            let only = Tenantry::builder(Catalog::standard()).root_key(root(number));
            values.check(&open(path, only), when);
        }
    }

    #[test]
    fn s4_every_secret_opens_whenever_a_process_is_killed() {
        if let Ok(path) = env::var(FILE) {
            let number = |name: &str| env::var(name).unwrap().parse().unwrap();
            return work(Path::new(&path), number(SEED), number(STEPS));
        }
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        let (mut killed, mut stores, mut seen) = (0, 0, [0; 3]);
        while killed < kills() {
            // In memory where that can be: what a killed process wrote is there all the same, and nobody waits for the disk.
            let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
            let path = folder.path().join("store.db");
            let mut values = Values::populate(&path, &mut dice);
            stores += 1;
            for _ in 0..1 + dice.up_to(12) {
                killed += u64::from(kill(&path, &mut dice, &mut values));
                let when = format!("store {stores}, after kill {killed}");
                for (count, half_done) in seen.iter_mut().zip(half_done(&path)) {
                    *count += u64::from(half_done);
                }
                values.check(&open(&path, ring(2, 1)), &when);
                // Or it goes on from where it was, and is killed again.
                if dice.up_to(4) == 0 {
                    resume(&path, &mut values, &when);
                }
            }
            resume(&path, &mut values, &format!("store {stores} at its end"));
        }
        assert!(seen.iter().all(|count| *count > killed / 50), "nothing was broken off: {seen:?}");
    }
}

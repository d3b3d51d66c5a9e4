//! No block of memory that an operation gives back holds the value of a secret, a root key or a passphrase: on the memory
//! store and on SQLite, waited for and awaited, also where the operation is refused.

#[cfg(test)]
#[path = "../../tenantry-core/tests/scanning/mod.rs"]
mod scanning;

#[cfg(test)]
mod freed_memory {
    use std::fs;
    use std::path::Path;

    use tenantry_core::store::MemoryStore;
    use tenantry_core::testing::cast;
    use tenantry_core::{
        Argon2Cost, Builder, Call, Catalog, Error, Format, KeyRing, NewDeployment, PageRequest, Passphrase, Place,
        RootKey, RootKeyProvider, Tenantry,
    };
    use tenantry_sqlite::{Durability, Sqlite};

    use crate::scanning::{found_in_freed, look_for};

    const FIRST: &str = "Kx7-planted \"value\" <&>/ one ~~end";
    const SECOND: &str = "Qz9-planted 'value' of another kind";
    const LINE: &str = "TG9uZyBwbGFudGVkIGxpbmU=\n";
    const WORDS: &str = "correct horse battery staple, planted";
    const OTHER_WORDS: &str = "Tr0ub4dor&3 was planted before it";
    const OLD_ROOT: &[u8; 32] = b"planted-root-key-0123456789-old!";
    const NEW_ROOT: &[u8; 32] = b"PLANTED_ROOT_KEY_9876543210_new?";
    /// The old root key as a file has it.
    const IN_FILE: &str = "cGxhbnRlZC1yb290LWtleS0wMTIzNDU2Nzg5LW9sZCE=";

    /// What is planted, and its halves.
    fn needles() -> Vec<Vec<u8>> {
        let texts = [FIRST, SECOND, LINE, WORDS, OTHER_WORDS, IN_FILE].map(str::as_bytes);
        let all = texts.into_iter().chain([OLD_ROOT.as_slice(), NEW_ROOT]);
        let with_halves = all.flat_map(|planted| {
            let (left, right) = planted.split_at(planted.len() / 2);
            [planted, left, right].map(<[u8]>::to_vec)
        });
        with_halves.collect()
    }

    #[derive(Clone, Copy)]
    enum Way {
        Waited,
        Awaited,
    }

    impl Way {
        fn done<T: Send + 'static>(self, call: Call<T>) -> Result<T, Error> {
            match self {
                Self::Waited => call.wait(),
                Self::Awaited => futures_lite::future::block_on(async { call.await }),
            }
        }

        #[track_caller]
        fn refused<T: Send + 'static>(self, call: Call<T>, code: &str) {
            let error = self.done(call).err().unwrap();
            // Whatever is printed of it is freed, too.
            drop(format!("{error} {error:?}"));
            assert_eq!(error.code(), code);
        }
    }

    /// A store that can be opened again and again.
    struct Address<'a> {
        memory: Option<MemoryStore>,
        file: &'a Path,
    }

    impl Address<'_> {
        fn open(&self, builder: Builder, way: Way) -> Result<Tenantry, Error> {
            match &self.memory {
                Some(memory) => way.done(builder.open(memory.clone())),
                None => way.done(builder.open(Sqlite::file(self.file).durability(Durability::ProcessCrash))),
            }
        }
    }

    fn with(provider: impl RootKeyProvider) -> Builder {
        Tenantry::builder(Catalog::standard()).root_key(provider).kept_versions(3)
    }

    fn words(words: &str) -> Passphrase {
        Passphrase::new(words).cost(Argon2Cost::new(64, 1, 1).unwrap())
    }

    /// Everything that meets a value, in a place of its own.
    fn secrets(app: &Tenantry, key: &str, way: Way, long: &'static str, longer: &'static str) -> Place {
        let cast = cast(app, key).unwrap();
        let (secrets, place) = (cast.customer.secrets(), cast.customer.place());
        let service = app.service(place, "deployer", "test");
        for value in [FIRST, SECOND, FIRST, long] {
            way.done(secrets.set("KEY", value)).unwrap();
        }
        way.done(secrets.set_at("OTHER", SECOND, 0)).unwrap();
        way.done(secrets.set_at("OTHER", FIRST, 1)).unwrap();
        way.done(secrets.roll_back("KEY", 2)).unwrap();
        way.done(secrets.destroy("KEY", 3)).unwrap();
        // The longest that there may be, where no redactor is made: that takes its time.
        let longest = longer.strip_suffix(LINE).unwrap();
        way.done(cast.staff[0].secrets().set("KEY", longest)).unwrap();
        assert_eq!(way.done(app.service(cast.staff[0].place(), "deployer", "test").resolve_all()).unwrap().len(), 1);

        way.refused(secrets.set("KEY", longer), "invalid_input");
        way.refused(secrets.set("KEY", ""), "invalid_input");
        way.refused(secrets.set("no key", FIRST), "invalid_input");
        way.refused(secrets.set_at("KEY", FIRST, 1), "stale_revision");
        way.refused(secrets.roll_back("KEY", 3), "invalid_input");
        way.refused(secrets.roll_back("KEY", 77), "not_found");
        way.refused(cast.members[2].secrets().set("KEY", FIRST), "permission_denied");
        way.refused(service.resolve(["KEY", "OTHER", "NONE"]), "not_found");
        way.refused(service.render("{{ .Secrets.KEY }} {{ .Secrets.NONE }}", Format::Plain), "missing_secret");

        let values = way.done(service.resolve(["KEY", "OTHER"])).unwrap();
        assert!(values[0].value.expose() == SECOND && values[1].value.expose() == FIRST);
        drop(format!("{values:?}"));
        drop(values);
        assert_eq!(way.done(service.resolve_all()).unwrap().len(), 2);
        let template = "a: {{ .Secrets.KEY | json }}\nb: {{ with .Secrets.OTHER }}{{ . | b64 }}{{ end }}\n";
        drop(format!("{:?}", way.done(service.render(template, Format::Plain)).unwrap()));
        way.done(service.register_deployment(NewDeployment::new("web", "Web").template(template))).unwrap();
        let redactor = way.done(service.redactor()).unwrap();
        drop(format!("{redactor:?}"));
        drop(redactor);
        drop(way.done(secrets.list(PageRequest::first())).unwrap());
        drop(way.done(secrets.versions("KEY", PageRequest::first())).unwrap());
        way.refused(secrets.delete("KEY"), "secret_in_use");
        way.done(app.maintenance("test").rotate_place_key(place, |_| ())).unwrap();
        assert_eq!(way.done(app.maintenance("test").verify(Vec::new())).unwrap(), []);
        way.done(secrets.delete_although_used("OTHER")).unwrap();
        place
    }

    fn everything(address: &Address<'_>, way: Way, key_file: &Path, long: &'static str, longer: &'static str) {
        let old = || RootKey::from_bytes(*OLD_ROOT);
        let new = || RootKey::from_bytes(*NEW_ROOT);
        let app = address.open(with(old()), way).unwrap();
        drop(format!("{app:?} {:?}", old()));
        secrets(&app, "first", way, long, longer);
        assert_eq!(address.open(with(new()), way).err().unwrap().code(), "wrong_root_key");
        assert_eq!(address.open(with(words(WORDS)), way).err().unwrap().code(), "wrong_root_key");
        drop(RootKey::from_file(key_file).unwrap());
        drop(address.open(with(RootKey::from_file_or_create(key_file).unwrap()), way).unwrap());

        let ring = || with(KeyRing::new(new()).with(old()));
        let rotating = address.open(ring(), way).unwrap();
        way.done(rotating.maintenance("test").rotate_root_key(|_| ())).unwrap();
        let place = secrets(&rotating, "second", way, long, longer);
        // Who has the old one only meets a key that it cannot unwrap.
        way.refused(app.service(place, "deployer", "test").resolve_all(), "key_not_available");
        drop((app, rotating));
        drop(address.open(with(new()), way).unwrap());
        assert_eq!(address.open(with(old()), way).err().unwrap().code(), "wrong_root_key");
    }

    fn with_passphrases(address: &Address<'_>, way: Way, long: &'static str, longer: &'static str) {
        let app = address.open(with(words(OTHER_WORDS)), way).unwrap();
        secrets(&app, "first", way, long, longer);
        let rotating = address.open(with(words(WORDS).with_earlier(OTHER_WORDS)), way).unwrap();
        way.done(rotating.maintenance("test").rotate_root_key(|_| ())).unwrap();
        drop((app, rotating));
        assert_eq!(address.open(with(words(OTHER_WORDS)), way).err().unwrap().code(), "wrong_root_key");
        drop(address.open(with(words(WORDS)), way).unwrap());
    }

    #[test]
    fn s4_no_freed_block_of_memory_holds_a_value_a_root_key_or_a_passphrase() {
        look_for(needles());
        // These are the caller's own.
        let long: &'static str = LINE.repeat(16).leak();
        let longer: &'static str = LINE.repeat(64 * 1024 / LINE.len() + 1).leak();
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("root.key");
        fs::write(&key_file, IN_FILE).unwrap();
        for (number, way) in [Way::Waited, Way::Awaited].into_iter().enumerate() {
            for in_memory in [true, false] {
                for by_passphrase in [false, true] {
                    let name = format!("{number} {in_memory} {by_passphrase}");
                    let memory = in_memory.then(|| MemoryStore::new().unwrap());
                    let address = Address { memory, file: &folder.path().join(&name) };
                    let found = found_in_freed(|| match by_passphrase {
                        true => with_passphrases(&address, way, long, longer),
                        false => everything(&address, way, &key_file, long, longer),
                    });
                    assert_eq!(found, 0, "{name}");
                }
            }
        }
    }
}

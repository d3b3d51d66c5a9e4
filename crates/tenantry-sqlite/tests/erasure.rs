//! What was erased stands in no file of the store any more, nor in a backup of it, while the store stays open and without `VACUUM` (C6, U12).

#[cfg(test)]
mod erasure {
    use std::fs;
    use std::path::Path;

    use async_trait::async_trait;
    use rusqlite::Connection;
    use tenantry_core::{
        Catalog, Courier, CustomerPatch, CustomerScope, DeliveryError, InvitationMail, MemberId, NewCustomer,
        NewDeployment, PageRequest, Role, RootKey, Tenantry, UserId, VendorScope, VerifiedEmail,
    };
    use tenantry_sqlite::{Durability, Sqlite};

    /// Folded too, as the rows for searching hold it.
    const NAME: &str = "quuxinator";

    struct Planted {
        app: Tenantry,
        vendor: VendorScope,
        customer: CustomerScope,
        member: MemberId,
        user: UserId,
        /// The sealed values of its secrets, the wrapped keys of their places, and the sealed token that waits.
        sealed: Vec<Vec<u8>>,
    }

    fn open(path: &Path) -> Tenantry {
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32])).outbox();
        // Fast: none of it depends on surviving a loss of power.
        app.open(Sqlite::file(path).durability(Durability::ProcessCrash)).wait().unwrap()
    }

    /// Sends everything but what is for the planted: there it quotes whom it was for.
    #[derive(Debug)]
    struct Quoting;

    #[async_trait]
    impl Courier for Quoting {
        async fn deliver(&self, mail: &InvitationMail) -> Result<(), DeliveryError> {
            if mail.email.contains(NAME) {
                return Err(DeliveryError::postponed(&format!("450 <{}> is busy", mail.email)));
            }
            Ok(())
        }
    }

    /// A customer with members, secrets and a deployment, each with a name of its own, among others that stay. Pages split
    /// and rows move.
    fn plant(path: &Path, others: usize) -> Planted {
        let app = open(path);
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let other = |number: usize| {
            let name = format!("Other customer with a rather long name {number}");
            let new = NewCustomer::new(name).external_id(format!("other-{number}"));
            let scope = vendor.customer(vendor.customers().create(new).wait().unwrap().id);
            scope.members().invite("Olga", &format!("olga-{number}@other.test"), Role::User).wait().unwrap();
            scope.secrets().set("OTHER", "x".repeat(1 + number * 13 % 5_000).as_str()).wait().unwrap();
        };
        (0..others / 2).for_each(other);
        let new = NewCustomer::new("Quuxinator Works").external_id("quuxinator-external");
        let customer = vendor.customer(vendor.customers().create(new).wait().unwrap().id);
        customer.update(CustomerPatch::new().name("Quuxinator Limited")).wait().unwrap();
        let join = |name: &str, role| {
            let email = format!("{}@quuxinator.test", name.to_lowercase());
            let invited = customer.members().invite(&format!("Quuxinator {name}"), &email, role).wait().unwrap();
            app.accept_invitation(&invited.token, VerifiedEmail::new(&email)).wait().unwrap();
            let user = app.identify(vendor.vendor_id(), VerifiedEmail::new(&email)).wait().unwrap().unwrap();
            (invited.member.id, user.user)
        };
        join("Una", Role::Administrator);
        let (member, user) = join("Zeb", Role::Viewer);
        customer.members().invite("Quuxinator Ivo", "ivo@quuxinator.test", Role::User).wait().unwrap();
        for value in ["first", "second", &"long".repeat(3_000)] {
            customer.secrets().set("QUUXINATOR_PASSWORD", value).wait().unwrap();
        }
        let service = app.service(customer.place(), "deployer", "rollout");
        let deployment =
            NewDeployment::new("live-1", "Quuxinator Live").template("password: {{ .Secrets.QUUXINATOR_PASSWORD }}");
        service.register_deployment(deployment).wait().unwrap();
        (others / 2..others).for_each(other);
        let run = app.outbox(Quoting).deliver().wait().unwrap();
        assert_eq!((run.sent, run.postponed), (others as u64 / 2 * 2, 1));
        let sealed = sealed(path, &customer);
        assert_eq!(sealed.len(), 5);
        Planted { app, vendor, customer, member, user, sealed }
    }

    fn sealed(path: &Path, customer: &CustomerScope) -> Vec<Vec<u8>> {
        let raw = Connection::open(path).unwrap();
        let all = "SELECT sealed FROM secret_versions WHERE place_id = ?1
             UNION ALL SELECT wrapped FROM place_keys WHERE place_id = ?1
             UNION ALL SELECT sealed FROM outbox WHERE place_id = ?1 AND sealed IS NOT NULL";
        let mut statement = raw.prepare(all).unwrap();
        let rows = statement.query_map([*customer.place().uuid().as_bytes()], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// In which files of a folder some bytes stand, and how often; letters of either case.
    fn hits(folder: &Path, bytes: &[u8]) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap()) {
            let held = fs::read(file.path()).unwrap();
            let count = held.windows(bytes.len()).filter(|window| window.eq_ignore_ascii_case(bytes)).count();
            if count > 0 {
                found.push((file.file_name().to_string_lossy().into_owned(), count));
            }
        }
        found
    }

    impl Planted {
        fn assert_gone(&self, folder: &Path, planted: &[u8]) {
            assert_eq!(hits(folder, planted), [], "{}", String::from_utf8_lossy(planted));
            assert!(folder.join("store.db-wal").exists(), "the store is open");
            assert_eq!(self.app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
            let backups = tempfile::tempdir().unwrap();
            self.app.maintenance("test").backup(backups.path().join("copy.db"), |_| ()).wait().unwrap();
            assert_eq!(hits(backups.path(), planted), [], "a backup: {}", String::from_utf8_lossy(planted));
        }

        /// The middle of an envelope: what comes first is the same in others.
        fn assert_unsealed(&self, folder: &Path) {
            for sealed in &self.sealed {
                self.assert_gone(folder, &sealed[24..sealed.len().min(64)]);
            }
        }
    }

    #[test]
    fn c6_a_deleted_customer_stands_in_no_file() {
        for others in [0, 200] {
            let folder = tempfile::tempdir().unwrap();
            let planted = plant(&folder.path().join("store.db"), others);
            assert!(!hits(folder.path(), NAME.as_bytes()).is_empty());
            planted.customer.delete("Quuxinator Limited").wait().unwrap();
            planted.assert_gone(folder.path(), NAME.as_bytes());
            planted.assert_unsealed(folder.path());
        }
    }

    #[test]
    fn u12_an_erased_user_stands_in_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let planted = plant(&folder.path().join("store.db"), 100);
        planted.vendor.erase_user(planted.user).wait().unwrap();
        planted.assert_gone(folder.path(), b"quuxinator zeb");
        planted.assert_gone(folder.path(), b"zeb@quuxinator");
    }

    #[test]
    fn u12_a_removed_member_without_another_place_stands_in_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let planted = plant(&folder.path().join("store.db"), 100);
        planted.customer.members().remove(planted.member).wait().unwrap();
        planted.assert_gone(folder.path(), b"quuxinator zeb");
        planted.assert_gone(folder.path(), b"zeb@quuxinator");
    }

    #[test]
    fn s5_what_a_destroyed_secret_held_stands_in_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut planted = plant(&folder.path().join("store.db"), 100);
        let service = planted.app.service(planted.customer.place(), "deployer", "rollout");
        service.remove_deployment("live-1").wait().unwrap();
        for version in [1, 2] {
            planted.customer.secrets().destroy("QUUXINATOR_PASSWORD", version).wait().unwrap();
        }
        // The current version stays, and the key of the place.
        planted.sealed.truncate(2);
        planted.assert_unsealed(folder.path());
    }

    #[test]
    fn d1_a_token_that_was_sent_stands_in_no_file_not_even_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let planted = plant(&path, 20);
        let other = planted.vendor.customer(planted.vendor.customers().find("other-3").wait().unwrap().id);
        let invited = other.members().invite("Olaf", "olaf@other.test", Role::User).wait().unwrap();
        let sealed = sealed(&path, &other).pop().unwrap();
        assert!(!hits(folder.path(), &sealed[24..]).is_empty());
        assert!(hits(folder.path(), invited.token.expose().as_bytes()).is_empty());
        assert_eq!(planted.app.outbox(Quoting).deliver().wait().unwrap().sent, 1);
        planted.assert_gone(folder.path(), &sealed[24..64]);
        planted.assert_gone(folder.path(), &sealed[64..]);
    }

    #[test]
    fn u12_what_a_mail_server_said_of_an_invited_person_goes_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let planted = plant(&folder.path().join("store.db"), 20);
        assert!(!hits(folder.path(), b"<ivo@quuxinator.test> is busy").is_empty());
        let invitations = planted.customer.invitations();
        let all = invitations.list(PageRequest::first()).wait().unwrap().items;
        let ivo = all.iter().find(|invitation| invitation.delivery.is_some()).unwrap();
        invitations.revoke(ivo.id).wait().unwrap();
        planted.assert_gone(folder.path(), b"ivo@quuxinator");
    }

    /// A reader is not waited for: the caller is answered, and the log is emptied once nobody is in the way.
    #[test]
    fn c6_what_a_reader_kept_in_the_log_goes_with_the_next_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let planted = plant(&path, 20);
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM customers").unwrap();
        planted.customer.delete("Quuxinator Limited").wait().unwrap();
        assert!(!hits(folder.path(), NAME.as_bytes()).is_empty(), "the reader still sees it");
        planted.vendor.customers().create(NewCustomer::new("Initech")).wait().unwrap();
        reader.execute_batch("ROLLBACK").unwrap();
        planted.vendor.customers().create(NewCustomer::new("Hooli")).wait().unwrap();
        planted.assert_gone(folder.path(), NAME.as_bytes());
        planted.assert_unsealed(folder.path());
    }

    #[test]
    fn c6_what_a_reader_kept_in_the_log_goes_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let planted = plant(&path, 20);
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM customers").unwrap();
        planted.customer.delete("Quuxinator Limited").wait().unwrap();
        reader.execute_batch("ROLLBACK").unwrap();
        // The reader's connection stays, so that closing the store does not remove the log.
        planted.app.maintenance("test").close().wait().unwrap();
        assert_eq!(hits(folder.path(), NAME.as_bytes()), []);
        assert!(path.with_file_name("store.db-wal").exists());
    }

    /// A process that ends before it can empty the log leaves that to the next one.
    #[test]
    fn c6_what_a_crash_kept_in_the_log_goes_with_the_next_commit() {
        let (folder, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = folder.path().join("store.db");
        let planted = plant(&path, 20);
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM customers").unwrap();
        planted.customer.delete("Quuxinator Limited").wait().unwrap();
        for name in ["store.db", "store.db-wal"] {
            fs::copy(folder.path().join(name), copied.path().join(name)).unwrap();
        }
        let app = open(&copied.path().join("store.db"));
        app.bootstrap("other", "Other", "Ada", "ada@other.test").wait().unwrap();
        assert_eq!(hits(copied.path(), NAME.as_bytes()), []);
    }
}

//! A file of every released schema is kept, and opens for ever.

#[cfg(test)]
mod fixtures {
    use std::fs;
    use std::path::Path;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use tenantry_core::testing::FixedClock;

    use tenantry_core::{
        Catalog, Courier, CustomerFilter, CustomerStatus, DeliveryError, InvitationMail, KeyRing, NewCustomer,
        NewDeployment, PageRequest, Role, RootKey, RootKeyProvider, RootKeyState, Tenantry, VerifiedEmail,
    };
    use tenantry_sqlite::Sqlite;

    fn open(path: &Path) -> Tenantry {
        open_with(path, RootKey::from_bytes([7; 32]))
    }

    fn open_with(path: &Path, root_key: impl RootKeyProvider) -> Tenantry {
        let builder = Tenantry::builder(Catalog::standard()).root_key(root_key).clock(FixedClock::new());
        builder.open(Sqlite::file(path)).wait().unwrap()
    }

    /// Knows whom the outbox of a file has mail for.
    #[derive(Debug)]
    struct Expects(Mutex<Vec<&'static str>>);

    #[async_trait]
    impl Courier for Expects {
        async fn deliver(&self, mail: &InvitationMail) -> Result<(), DeliveryError> {
            let mut expected = self.0.lock().unwrap();
            let index = expected.iter().position(|email| *email == mail.email);
            expected.remove(index.expect("mail for somebody else"));
            Ok(())
        }
    }

    /// Makes the file of this release: run with `TENANTRY_WRITE_FIXTURE=v5.db` when the schema has a new version.
    fn write(path: &Path) {
        let (old, new) = (RootKey::from_bytes([6; 32]), RootKey::from_bytes([7; 32]));
        let app = open_with(path, old.clone());
        let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait().unwrap();
        let globex = vendor.customers().create(NewCustomer::new("Globex").external_id("G-1")).wait().unwrap();
        let globex = vendor.customer(globex.id);
        let invited = globex.members().invite("Hank", "hank@globex.test", Role::Viewer).wait().unwrap();
        app.accept_invitation(&invited.token, VerifiedEmail::new("hank@globex.test")).wait().unwrap();
        let vera = globex.members().invite("Vera", "vera@globex.test", Role::Viewer).wait().unwrap();
        globex.features().enable("alerts").wait().unwrap();
        globex.secrets().set("SMTP_PASSWORD", "first").wait().unwrap();
        globex.secrets().set("SMTP_PASSWORD", "hunter2").wait().unwrap();
        vendor.secrets().set("OWN", "vendor's own").wait().unwrap();
        for (name, archive) in [("Archived", true), ("Deleted", false)] {
            let id = vendor.customers().create(NewCustomer::new(name)).wait().unwrap().id;
            let customer = vendor.customer(id);
            if archive {
                customer.archive().wait().unwrap();
            } else {
                customer.delete(name).wait().unwrap();
            }
        }
        let service = app.service(globex.place(), "deployer", "fixture");
        let deployment = NewDeployment::new("live", "Live").template("password: {{ .Secrets.SMTP_PASSWORD }}");
        service.register_deployment(deployment).wait().unwrap();
        service.report_running("live", [("SMTP_PASSWORD", 1)]).wait().unwrap();
        app.maintenance("fixture").close().wait().unwrap();
        // A new root key, and a new key of the customer; what waits in the outbox is sealed anew, too.
        let builder = Tenantry::builder(Catalog::standard()).root_key(KeyRing::new(new).with(old)).outbox();
        let app = builder.clock(FixedClock::new()).open(Sqlite::file(path)).wait().unwrap();
        let vendor = app.vendor(vendor.vendor_id(), vendor.user_id().unwrap());
        vendor.members().invite("Bea", "bea@acme.test", Role::User).wait().unwrap();
        let globex = vendor.customer(globex.place().customer().unwrap());
        globex.invitations().resend(vera.invitation.id).wait().unwrap();
        app.maintenance("fixture").rotate_root_key(|_| ()).wait().unwrap();
        app.maintenance("fixture").rotate_place_key(globex.place(), |_| ()).wait().unwrap();
        app.maintenance("fixture").close().wait().unwrap();
    }

    #[test]
    fn a_file_of_every_released_schema_opens_with_all_that_is_in_it() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        if let Ok(name) = std::env::var("TENANTRY_WRITE_FIXTURE") {
            write(&fixtures.join(name));
        }
        let mut opened = 0;
        for file in fs::read_dir(fixtures).unwrap().map(|file| file.unwrap().path()) {
            let folder = tempfile::tempdir().unwrap();
            let copy = folder.path().join("store.db");
            fs::copy(&file, &copy).unwrap();
            let app = open(&copy);
            assert_eq!(app.maintenance("fixture").verify(Vec::new()).wait().unwrap(), []);
            let vendor = app.vendors(PageRequest::first()).wait().unwrap().items.remove(0).id;
            let ada = app.identify(vendor, VerifiedEmail::new("ada@acme.test")).wait().unwrap().unwrap();
            let staff = app.vendor(vendor, ada.user);
            let all = staff.customers().list(CustomerFilter::new().any_status()).wait().unwrap().items;
            let all: Vec<_> = all.iter().map(|customer| (customer.name.as_str(), customer.status)).collect();
            assert_eq!(all, [("Archived", CustomerStatus::Archived), ("Globex", CustomerStatus::Active)]);
            for text in ["GLOB", "g-1", "bex", "vera@globex", "ank", "@"] {
                let found = staff.customers().list(CustomerFilter::new().text(text)).wait().unwrap().items;
                assert_eq!(found.len(), 1, "{text} in {}", file.display());
            }
            let globex = staff.customers().find("G-1").wait().unwrap();
            assert_eq!((globex.members, globex.secrets, globex.features.len()), (2, 1, 3));
            let place = staff.customer(globex.id).place();
            let values = app.service(place, "deployer", "fixture").resolve(["SMTP_PASSWORD"]).wait().unwrap();
            assert_eq!(values[0].value.expose(), "hunter2");
            let states: Vec<_> =
                app.maintenance("fixture").root_keys().wait().unwrap().into_iter().map(|key| key.state).collect();
            let deployments = staff.customer(globex.id).deployments().list(PageRequest::first()).wait().unwrap().items;
            if file.ends_with("v1.db") {
                assert_eq!(states, [RootKeyState::Promoted]);
                assert!(deployments.is_empty());
            } else {
                assert!(states.len() == 2 && states.contains(&RootKeyState::Retired), "{states:?}");
                assert_eq!((deployments.len(), deployments[0].name.as_str()), (1, "Live"));
                let used = &deployments[0].secrets;
                assert_eq!((used.len(), used[0].key.as_str(), used[0].running), (1, "SMTP_PASSWORD", Some(1)));
            }
            let has_outbox = !["v1.db", "v2.db", "v3.db"].iter().any(|name| file.ends_with(name));
            let waiting = if has_outbox { vec!["bea@acme.test", "vera@globex.test"] } else { Vec::new() };
            let run = app.outbox(Expects(Mutex::new(waiting.clone()))).deliver().wait().unwrap();
            assert_eq!(run.sent, waiting.len() as u64);
            assert_eq!(app.maintenance("fixture").verify(Vec::new()).wait().unwrap(), []);
            opened += 1;
        }
        assert_eq!(opened, 5);
    }
}

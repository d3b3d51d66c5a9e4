//! No plaintext of a secret and no token stands in a file, a trace, an error or what `Debug` prints.

#[cfg(test)]
mod secrecy {
    use std::fmt::Debug;
    use std::fs;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use tenantry_core::{
        AuditQuery, Catalog, Courier, DeliveryError, InvitationMail, InvitationToken, NewCustomer, PageRequest, Role,
        RootKey, Tenantry, VerifiedEmail,
    };
    use tenantry_sqlite::Sqlite;
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::fmt::format::FmtSpan;

    /// Everything that is printed, by traces of every level or by `Debug`.
    #[derive(Clone, Default)]
    struct Printed(Arc<Mutex<Vec<u8>>>);

    impl Printed {
        fn print(&self, what: &impl Debug) {
            writeln!(self.clone(), "{what:?} {what:#?}").unwrap();
        }

        fn print_error<T: Debug>(&self, answer: Result<T, tenantry_core::Error>) {
            let error = answer.unwrap_err();
            writeln!(self.clone(), "{error} {error:?}").unwrap();
        }
    }

    impl Write for Printed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Printed {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// A courier that says more than it should.
    #[derive(Clone)]
    struct Blabbing(Printed);

    impl Debug for Blabbing {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Blabbing").finish_non_exhaustive()
        }
    }

    #[async_trait]
    impl Courier for Blabbing {
        async fn deliver(&self, mail: &InvitationMail) -> Result<(), DeliveryError> {
            self.0.print(&(self, mail));
            if mail.name == "Hank" {
                return Err(DeliveryError::postponed(mail.token.expose().trim_start_matches("tny_inv_")));
            }
            let error = DeliveryError::refused(&format!("554 <https://x.test/#{}>", mail.token.expose()));
            self.0.print(&error);
            writeln!(self.0.clone(), "{error}").unwrap();
            Err(error)
        }
    }

    /// The value and its usual disguises.
    fn forms(value: &str) -> Vec<Vec<u8>> {
        let bytes = value.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = format!("{bytes:?}");
        let list = list.trim_matches(['[', ']']).to_owned();
        vec![bytes.to_vec(), hex.clone().into_bytes(), hex.to_uppercase().into_bytes(), list.into_bytes()]
    }

    fn assert_absent(place: &str, haystack: &[u8], planted: &[String]) {
        for value in planted {
            for form in forms(value) {
                let found = haystack.windows(form.len()).any(|window| window == form);
                assert!(!found, "`{value}` stands in {place}");
            }
        }
    }

    #[test]
    fn planted_values_are_found_nowhere() {
        let printed = Printed::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_writer(printed.clone())
            .finish();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let planted = tracing::subscriber::with_default(subscriber, || story(&path, &printed));
        let printed = printed.0.lock().unwrap().clone();
        assert!(printed.windows(8).any(|window| window == b"tenantry"), "the traces are there to be searched");
        assert_absent("what was printed", &printed, &planted);
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(files.len() > 1, "the log is searched too");
        for file in files {
            assert_absent(&file.display().to_string(), &fs::read(&file).unwrap(), &planted);
        }
    }

    /// Does everything that meets secrets and tokens, prints every answer, and tells what was planted.
    fn story(path: &std::path::Path, printed: &Printed) -> Vec<String> {
        let mut planted = vec!["planted-secret-one".to_owned(), "planted-secret-two".to_owned()];
        planted.push(String::from_utf8_lossy(&[b'k'; 32]).into_owned());
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([b'k'; 32])).outbox();
        printed.print(&app);
        let app = app.open(Sqlite::file(path)).wait().unwrap();
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let customer = vendor.customers().create(NewCustomer::new("Globex")).wait().unwrap();
        let scope = vendor.customer(customer.id);
        printed.print(&(&app, &vendor, &scope, customer));

        let mut tokens = Vec::new();
        let invited = scope.members().invite("Hank", "hank@globex.test", Role::Viewer).wait().unwrap();
        printed.print(&invited);
        let resent = scope.invitations().resend(invited.invitation.id).wait().unwrap();
        printed.print(&resent);
        let other = scope.members().invite("Eve", "eve@globex.test", Role::User).wait().unwrap();
        for token in [&invited.token, &resent.token, &other.token] {
            tokens.push(token.expose().to_owned());
            printed.print(token);
        }
        // What a courier is handed, and what it says of the token that it could not deliver.
        for _ in 0..2 {
            printed.print(&app.outbox(Blabbing(printed.clone())).deliver().wait().unwrap());
            printed.print(&scope.invitations().list(PageRequest::first()).wait().unwrap());
            let resent = scope.invitations().resend(other.invitation.id).wait().unwrap();
            tokens.push(resent.token.expose().to_owned());
            printed.print(&resent);
        }
        let hank = || VerifiedEmail::new("hank@globex.test");
        printed.print_error(app.accept_invitation(&invited.token, hank()).wait());
        printed.print_error(app.accept_invitation(&other.token, hank()).wait());
        printed.print(&app.accept_invitation(&resent.token, hank()).wait().unwrap());
        printed.print_error(app.decline_invitation(&resent.token, hank()).wait());
        printed.print(&InvitationToken::parse(&tokens[0].replace('_', "-")));
        printed.print(&scope.members().list(PageRequest::first()).wait().unwrap());
        printed.print(&scope.invitations().list(PageRequest::first()).wait().unwrap());
        planted.extend(tokens.iter().map(|token| token.trim_start_matches("tny_inv_").to_owned()));

        printed.print(&scope.secrets().set("SMTP", "planted-secret-one").wait().unwrap());
        printed.print(&scope.secrets().set("SMTP", "planted-secret-two").wait().unwrap());
        printed.print(&vendor.secrets().set("OWN", "planted-secret-one").wait().unwrap());
        printed.print_error(scope.secrets().set("0 bad key", "planted-secret-one").wait());
        let long = "planted-secret-two".repeat(10_000);
        printed.print_error(scope.secrets().set("LONG", long.as_str()).wait());
        printed.print(&scope.secrets().list(PageRequest::first()).wait().unwrap());
        let service = app.service(scope.place(), "deployer", "rollout");
        printed.print(&service.resolve(["SMTP"]).wait().unwrap());
        printed.print(&service.resolve_all().wait().unwrap());
        printed.print_error(service.resolve(["NONE"]).wait());
        printed.print(&vendor.audit().follow(AuditQuery::new()).wait().unwrap());
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        // The store stays open, so that its log is searched too.
        std::mem::forget(app);
        planted
    }
}

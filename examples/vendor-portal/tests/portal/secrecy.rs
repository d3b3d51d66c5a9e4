//! No value of a secret and no token leaves the program: not in a page, not in a log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::browser::World;

const VALUE: &str = "planted-value-7f3a";
const SECOND: &str = "planted-value-second-91c2";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn s3_no_page_of_anybody_and_no_log_line_holds_a_value_or_a_token() {
    let lines = Lines::default();
    let layer = tracing_subscriber::fmt::layer().with_writer(lines.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    // For the whole process: what the other tests cause is looked through, too.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let on = format!("/customers/{globex}");
    let mut ada = world.sign_in("ada@acme.test").await;
    let mut pages = Vec::new();
    pages.push(ada.post(&format!("{on}/secrets"), &[("key", "PLANTED"), ("value", VALUE)]).await);
    // Refused ones, whose value was typed too.
    pages.push(ada.post(&format!("{on}/secrets"), &[("key", "not a key"), ("value", VALUE)]).await);
    pages.push(ada.post(&format!("{on}/secrets"), &[("key", "PLANTED"), ("value", VALUE)]).await);
    let update = format!("{on}/secrets/PLANTED");
    pages.push(ada.post(&update, &[("value", SECOND), ("version", "7")]).await);
    pages.push(ada.post(&update, &[("value", SECOND), ("version", "1")]).await);
    pages.push(ada.post(&format!("{update}/roll-back"), &[("version", "1")]).await);
    let statuses: Vec<_> = pages.iter().map(|page| page.status.as_u16()).collect();
    assert_eq!(statuses, [303, 422, 409, 409, 303, 303]);

    // An invitation's token is shown to who invited, and to nobody else.
    let invited =
        ada.post(&format!("{on}/users"), &[("name", "Nina"), ("email", "nina@globex.test"), ("role", "user")]).await;
    let to = invited.location().to_owned();
    let shown = ada.get(&to).await;
    let token = shown.quoted("/invitation#").unwrap();
    assert!(token.starts_with("tny_inv_"));
    pages.push(world.sign_in("ben@acme.test").await.get(&to).await);

    let vendor_pages = ["/customers", "/users", "/secrets", "/audit", "/places"].map(str::to_owned);
    let place_pages = |base: &str| {
        ["", "/users", "/secrets", "/secrets/PLANTED", "/features", "/audit", "/home", "/deployments"]
            .map(|page| format!("{base}{page}"))
    };
    for person in vendor_portal::demo::PEOPLE {
        let mut browser = world.sign_in(person.email).await;
        let here = [place_pages(&on), place_pages(&format!("/portal/{globex}"))].concat();
        for path in vendor_pages.iter().chain(&here) {
            pages.push(browser.get(path).await);
        }
    }
    let mut nobody = world.browser();
    nobody.get("/invitation").await;
    let asked = [("token", token.as_str())];
    assert_eq!(nobody.post("/invitation", &asked).await.status.as_u16(), 200);
    assert_eq!(nobody.post("/invitation/accept", &asked).await.status.as_u16(), 303);
    nobody.get("/places").await;
    pages.push(nobody.post("/invitation", &asked).await);

    assert!(pages.iter().filter(|page| page.status.as_u16() == 200).count() > 40);
    for page in &pages {
        for secret in [VALUE, SECOND, &token] {
            assert!(!page.body.contains(secret), "{}", page.text());
            assert!(!format!("{:?}", page.headers).contains(secret));
        }
    }
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(lines.contains("route=\"/invitation/accept\""), "the requests are logged");
    for secret in [VALUE, SECOND, token.trim_start_matches("tny_inv_")] {
        assert!(!lines.contains(secret));
    }
}

#[cfg(unix)]
#[test]
fn a_password_that_is_no_text_is_not_printed() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_vendor-portal"));
    program.arg("--db").arg(folder.path().join("portal.db")).args(["--listen", "127.0.0.1:0"]);
    program.args(["--smtp", "localhost:1", "--smtp-user", "portal"]);
    let answer = program.env("VENDOR_PORTAL_SMTP_PASSWORD", OsStr::from_bytes(b"planted-\xFF")).output().unwrap();
    let said = String::from_utf8_lossy(&[answer.stdout, answer.stderr].concat()).into_owned();
    assert!(!answer.status.success() && said.contains("VENDOR_PORTAL_SMTP_PASSWORD"), "{said}");
    assert!(!said.contains("planted"), "{said}");
}

//! How long each page takes, asked for by one person after the other.

use crate::person::Person;
use crate::{Failure, show};

/// So many pages of the list stand before the one that is far behind.
const DEPTH: usize = 100;

/// What staff look at. `{customer}` has users, secrets and deployments, `{far}` is a page far behind the first, and `{ada}`
/// made nearly all entries of the log.
const OF_STAFF: [&str; 31] = [
    "/customers",
    "/customers{far}",
    "/customers?status=any",
    "/customers?status=archived",
    "/customers?q=globex",
    "/customers?q=z%C3%BCrich",
    "/customers?q=demo",
    "/customers?q=robotics+00",
    "/customers?q=hank%40globex",
    "/customers?q=nowhere+at+all",
    "/customers?q=99",
    "/customers?q=z",
    "/customers/new",
    "/customers/{customer}",
    "/customers/{customer}/users",
    "/customers/{customer}/secrets",
    "/customers/{customer}/secrets/API_TOKEN",
    "/customers/{customer}/features",
    "/customers/{customer}/audit",
    "/customers/{customer}/audit?action=member.removed",
    "/users",
    "/secrets",
    "/secrets/LICENSE_SIGNING_KEY",
    "/audit",
    "/audit?action=customer.created",
    "/audit?action=member.removed",
    "/audit?actor={ada}",
    "/audit?actor=svc:deployer",
    "/audit?actor={ada}&action=customer.archived",
    "/audit?place={customer}",
    "/places",
];

/// Asks for every page of both portals so often, and prints how long it took.
pub(crate) async fn ask(links: &[String], often: usize) -> Result<(), Failure> {
    let [ada, _, _, hank, ..] = links else { return Err("somebody is missing".into()) };
    let (mut ada, mut hank) = (Person::sign_in(0, ada).await?, Person::sign_in(3, hank).await?);
    let mut far = "/customers".to_owned();
    for _ in 0..DEPTH {
        ada.list("before", &far).await?;
        far = ada.next.take().unwrap_or(far);
    }
    ada.list("before", "/customers?q=globex").await?;
    let customer =
        ada.customers.first().and_then(|href| href.strip_prefix("/customers/")).ok_or("no customer")?.to_owned();
    let log = ada.get("before", "/audit").await?;
    let user = between(&log, "/audit?actor=", "\"").next().ok_or("no entry")?.to_owned();
    let mut times = Vec::new();
    for page in OF_STAFF {
        let far = far.trim_start_matches("/customers");
        let path = page.replace("{customer}", &customer).replace("{far}", far).replace("{ada}", &user);
        times.push((page.to_owned(), times_of(&mut ada, &path, often).await?));
    }
    let home = hank.home.clone();
    let home = hank.get("before", &home).await?;
    let menu = home.split("<main").next().unwrap_or_default();
    let mut sections: Vec<_> =
        between(menu, "<a href=\"/portal/", "\"").map(|rest| format!("/portal/{rest}")).collect();
    sections.push(format!("/portal/{customer}/secrets/API_TOKEN"));
    for path in sections {
        times.push((path.replace(&customer, "{customer}"), times_of(&mut hank, &path, often).await?));
    }
    show(times);
    Ok(())
}

async fn times_of(person: &mut Person, path: &str, often: usize) -> Result<Vec<std::time::Duration>, Failure> {
    person.times.clear();
    for _ in 0..often {
        person.get("page", path).await?;
    }
    Ok(person.times.drain(..).map(|(_, took)| took).collect())
}

/// What stands between these, wherever they stand.
fn between<'a>(text: &'a str, begin: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(begin).skip(1).filter_map(move |rest| rest.split_once(end)).map(|(found, _)| found)
}

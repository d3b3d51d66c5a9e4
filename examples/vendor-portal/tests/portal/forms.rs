//! What a form must bring, and what happens when it comes twice.

use std::future::poll_fn;
use std::task::Poll;

use axum::http::{HeaderValue, StatusCode};
use tenantry::CustomerFilter;

use crate::browser::{World, form};

/// Every address that changes something, with fields that would do it for an Administrator of the vendor.
async fn changes(world: &World) -> Vec<(String, Vec<(&'static str, String)>)> {
    let ada = world.ada().await;
    let globex = world.customer("Globex GmbH").await;
    let scope = ada.customer(globex);
    let members = scope.members().list(tenantry::PageRequest::first()).await.unwrap().items;
    let [_, uma, _, iris] = &members[..] else { panic!("{members:?}") };
    let invitations = scope.invitations().list(tenantry::PageRequest::first()).await.unwrap().items;
    let invitation = invitations.iter().find(|it| it.member == iris.id).unwrap().id;
    let vendor_members = ada.members().list(tenantry::PageRequest::first()).await.unwrap().items;
    let ben = vendor_members[1].id;
    let invited = scope.members().invite("Token", "token@globex.test", tenantry::Role::User).await.unwrap();
    let token = invited.token.expose().to_owned();
    let field = |name: &'static str, value: &str| (name, value.to_owned());
    let mut all = vec![
        ("/customers".to_owned(), vec![field("name", "New")]),
        (format!("/customers/{globex}"), vec![field("name", "Renamed"), field("revision", "1")]),
        (format!("/customers/{globex}/features"), vec![field("feature", "alerts")]),
        ("/audit/verify".to_owned(), vec![]),
        ("/invitation/accept".to_owned(), vec![field("token", &token)]),
        ("/invitation/decline".to_owned(), vec![field("token", &token)]),
        ("/users".to_owned(), vec![field("name", "N"), field("email", "n@acme.test"), field("role", "user")]),
        (format!("/users/{ben}/suspend"), vec![]),
        ("/secrets".to_owned(), vec![field("key", "NEW"), field("value", "v")]),
        ("/secrets/LICENSE_SIGNING_KEY".to_owned(), vec![field("value", "v"), field("version", "1")]),
        ("/secrets/LICENSE_SIGNING_KEY/delete".to_owned(), vec![]),
        ("/sign-in".to_owned(), vec![field("email", "ada@acme.test")]),
        ("/sign-out".to_owned(), vec![]),
    ];
    let on = format!("/customers/{globex}");
    all.extend([
        (format!("{on}/users"), vec![field("name", "N"), field("email", "n@globex.test"), field("role", "user")]),
        (format!("{on}/users/{}/rename", uma.id), vec![field("name", "U")]),
        (format!("{on}/users/{}/role", uma.id), vec![field("role", "viewer")]),
        (format!("{on}/users/{}/suspend", uma.id), vec![]),
        (format!("{on}/users/{}/resume", uma.id), vec![]),
        (format!("{on}/users/{}/remove", uma.id), vec![]),
        (format!("{on}/invitations/{invitation}/resend"), vec![]),
        (format!("{on}/invitations/{invitation}/revoke"), vec![]),
        (format!("{on}/secrets"), vec![field("key", "NEW"), field("value", "v")]),
        (format!("{on}/secrets/SMTP_PASSWORD"), vec![field("value", "v"), field("version", "2")]),
        (format!("{on}/secrets/SMTP_PASSWORD/roll-back"), vec![field("version", "1")]),
        (format!("{on}/secrets/SMTP_PASSWORD/destroy"), vec![field("version", "1")]),
        (format!("{on}/secrets/SMTP_PASSWORD/delete"), vec![field("although_used", "true")]),
        (format!("{on}/audit/verify"), vec![]),
        (format!("{on}/archive"), vec![]),
        (format!("{on}/unarchive"), vec![]),
        (format!("{on}/delete"), vec![field("name", "Globex GmbH")]),
    ]);
    all
}

#[tokio::test]
async fn no_form_is_done_without_the_token_of_its_session_or_from_another_site() {
    let world = World::new().await;
    let changes = changes(&world).await;
    let mut ada = world.sign_in("ada@acme.test").await;
    let before = world.entries().await;
    let foreign = world.sign_in("ben@acme.test").await.token;
    for (path, fields) in &changes {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let with = |token: &str| -> Vec<(String, String)> {
            let pairs = fields.iter().copied().chain([("csrf", token)]);
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let request = |pairs: Vec<(String, String)>| {
            form(path, &pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
        };
        let own = ada.token.clone();
        let mut tries = vec![form(path, &fields), request(with(&foreign)), request(with("")), request(with("AAAA"))];
        for (name, value) in [("origin", "http://evil.test"), ("sec-fetch-site", "cross-site"), ("origin", "null")] {
            let mut stranger = request(with(&own));
            stranger.headers_mut().insert("host", HeaderValue::from_static("127.0.0.1:8080"));
            stranger.headers_mut().insert(name, HeaderValue::from_static(value));
            tries.push(stranger);
        }
        for request in tries {
            let answer = ada.send(request).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert!(answer.text().contains("does not come from a page of your session"), "{path}");
        }
    }
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn no_address_changes_anything_when_it_is_only_loaded() {
    let world = World::new().await;
    let changes = changes(&world).await;
    let mut ada = world.sign_in("ada@acme.test").await;
    let before = world.entries().await;
    for (path, _) in &changes {
        let answer = ada.get(path).await;
        let is_page_too = answer.status == StatusCode::OK;
        assert!(is_page_too || answer.status == StatusCode::METHOD_NOT_ALLOWED, "{path}: {}", answer.status);
    }
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn every_form_is_done_with_its_token() {
    // Otherwise the refusals above would prove nothing.
    for index in 0..30 {
        let world = World::new().await;
        let changes = changes(&world).await;
        assert_eq!(changes.len(), 30);
        let (path, fields) = &changes[index];
        let mut ada = world.sign_in("ada@acme.test").await;
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = ada.post(path, &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_browser_is_led_to_a_refusal_that_can_be_gone_back_to_with_what_was_typed() {
    let world = World::new().await;
    let (mut ada, mut ben) = (world.sign_in("ada@acme.test").await, world.sign_in("ben@acme.test").await);
    let before = world.entries().await;
    let token = ada.token.clone();
    let fields = [("name", "Typed Already"), ("external_id", "crm-1001"), ("csrf", &token)];
    let sent = |mode: &'static str| {
        let mut request = form("/customers", &fields);
        request.headers_mut().insert("sec-fetch-mode", HeaderValue::from_static(mode));
        request
    };
    let led = ada.send(sent("navigate")).await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    for _ in 0..2 {
        let page = ada.get(led.location()).await;
        assert_eq!(page.status, StatusCode::CONFLICT);
        assert!(page.text().contains("The external id “crm-1001” is taken."), "{}", page.text());
        assert_eq!(page.quoted("name=\"name\" value=\"").unwrap(), "Typed Already");
        assert_eq!(page.headers["cache-control"], "no-store");
    }
    let of_another = ben.get(led.location()).await;
    assert_eq!(of_another.status, StatusCode::GONE);
    assert!(of_another.text().contains("is not kept any longer"));
    // A script reads the answer itself.
    assert_eq!(ada.send(sent("cors")).await.status, StatusCode::CONFLICT);
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn a_form_that_comes_twice_is_done_once_and_answered_the_same() {
    let world = World::new().await;
    let mut ada = world.sign_in("ada@acme.test").await;
    ada.get("/customers/new").await;
    let once = ada.once.clone();
    let fields = [("name", "Twice"), ("once", once.as_str())];
    let first = ada.post("/customers", &fields).await;
    let second = ada.post("/customers", &fields).await;
    assert_eq!((first.status, first.location()), (second.status, second.location()));
    let page = ada.get(first.location()).await;
    assert_eq!(page.body.matches(">Twice</a>").count(), 1);
    // What one page sends with other content is another form.
    ada.post("/customers", &[("name", "Other"), ("once", once.as_str())]).await;
    world.customer("Other").await;
}

#[tokio::test]
async fn a_double_click_on_an_invitation_invites_once() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let mut ada = world.sign_in("ada@acme.test").await;
    let path = format!("/customers/{globex}/users");
    ada.get(&path).await;
    let once = ada.once.clone();
    let fields = [("name", "Nina"), ("email", "nina@globex.test"), ("role", "user"), ("once", once.as_str())];
    let first = ada.post(&path, &fields).await;
    let second = ada.post(&path, &fields).await;
    // Both lead to the page that shows the link.
    for answer in [first, second] {
        assert!(ada.get(answer.location()).await.body.contains("/invitation#tny_inv_"));
    }
}

#[tokio::test]
async fn a_form_that_was_refused_can_be_sent_again() {
    let world = World::new().await;
    let mut ada = world.sign_in("ada@acme.test").await;
    ada.get("/customers/new").await;
    let once = ada.once.clone();
    let refused = ada.post("/customers", &[("name", " "), ("once", once.as_str())]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    ada.submit("/customers", &[("name", "Corrected"), ("once", once.as_str())]).await;
    world.customer("Corrected").await;
}

#[tokio::test]
async fn a_form_of_any_size_beyond_the_largest_secret_is_refused() {
    let world = World::new().await;
    let mut ada = world.sign_in("ada@acme.test").await;
    // Every byte of it is written as three.
    let largest = "é".repeat(32 * 1024);
    ada.submit("/secrets", &[("key", "LARGE"), ("value", &largest)]).await;
    let larger = ada.post("/secrets", &[("key", "LARGER"), ("value", &format!("{largest}é"))]).await;
    assert_eq!(larger.status, StatusCode::UNPROCESSABLE_ENTITY);
    let huge = ada.post("/secrets", &[("key", "HUGE"), ("value", &"x".repeat(300 * 1024))]).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_with_a_page() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let mut ada = world.sign_in("ada@acme.test").await;
    let on = format!("/customers/{globex}");
    for (path, fields) in [
        (on.clone(), vec![("name", "X"), ("revision", "many")]),
        (on.clone(), vec![("name", "X")]),
        (format!("{on}/secrets"), vec![("key", "A"), ("value", "planted"), ("version", "x")]),
        (format!("{on}/users"), vec![("name", "X"), ("email", "x@x.test"), ("role", "emperor")]),
    ] {
        let answer = ada.post(&path, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(answer.text().contains("The form is not complete."), "{path}");
        assert!(!answer.body.contains("planted"));
    }
    for path in ["/customers?q=1&q=2", "/customers/%FF", "/static/%FF"] {
        let answer = ada.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text().contains("There is no such page"), "{path}");
    }
}

#[tokio::test]
async fn a_secret_that_htmx_sends_twice_is_set_once_and_leads_the_window_both_times() {
    let world = World::new().await;
    let mut ada = world.sign_in("ada@acme.test").await;
    ada.get("/secrets").await;
    let (token, once) = (ada.token.clone(), ada.once.clone());
    for _ in 0..2 {
        let mut request = form("/secrets", &[("key", "HTMX"), ("value", "v"), ("csrf", &token), ("once", &once)]);
        request.headers_mut().insert("hx-request", HeaderValue::from_static("true"));
        let answer = ada.send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert!(answer.headers["hx-redirect"].to_str().unwrap().starts_with("/secrets?notice="));
    }
    assert!(ada.get("/secrets/HTMX").await.text().contains("Save as version 2"));
}

#[tokio::test]
async fn a_refusal_is_shown_at_the_top_of_the_page_that_htmx_is_on() {
    let world = World::new().await;
    let answer = world.browser().get("/customers").await;
    let head = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
    assert_eq!([head("hx-retarget"), head("hx-reselect")], ["#problem", "#problem"]);
    assert!(answer.body.contains("<div id=\"problem\">"));
}

#[tokio::test]
async fn a_form_whose_browser_went_away_while_it_was_done_is_not_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_a_file(folder.path()).await;
    let (mut ada, scope) = (world.sign_in("ada@acme.test").await, world.ada().await);
    for number in 0..10 {
        let name = format!("Clicked Twice {number}");
        let page = ada.get("/customers/new").await;
        let once = page.quoted("name=\"once\" value=\"").unwrap();
        let fields = [("name", name.as_str()), ("once", once.as_str())];
        let count = async || scope.customers().list(CustomerFilter::new().text(&name)).await.unwrap().items.len();
        {
            let mut first = Box::pin(ada.post("/customers", &fields));
            // It is given up as soon as the customer is there, whether it was answered or not.
            while count().await == 0 {
                let is_answered = poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_ready())).await;
                if is_answered {
                    break;
                }
            }
        }
        let again = ada.post("/customers", &fields).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER);
        assert_eq!(count().await, 1, "{name}");
    }
}

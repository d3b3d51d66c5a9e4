//! What stands in the head of every response.

use axum::http::{StatusCode, header};

use crate::browser::World;

#[tokio::test]
async fn every_response_lets_nothing_in_from_elsewhere_and_is_not_kept() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let mut ada = world.sign_in("ada@acme.test").await;
    let mut seen = Vec::new();
    let paths = [
        "/".to_owned(),
        "/sign-in".to_owned(),
        "/customers".to_owned(),
        format!("/customers/{globex}"),
        format!("/customers/{globex}/users"),
        format!("/customers/{globex}/archive"),
        "/nowhere".to_owned(),
        "/invitation".to_owned(),
        "/static/portal.css".to_owned(),
        "/static/nothing".to_owned(),
    ];
    for path in &paths {
        seen.push((path, ada.get(path).await));
    }
    let refused = "a refused form".to_owned();
    seen.push((&refused, world.browser().post("/customers", &[("name", "X")]).await));
    for (path, answer) in &seen {
        let head = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let policy = head("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(head("referrer-policy").unwrap(), "no-referrer", "{path}");
        assert_eq!(head("x-content-type-options").unwrap(), "nosniff", "{path}");
        let kept =
            if answer.status == StatusCode::OK && path.starts_with("/static/") { "no-cache" } else { "no-store" };
        assert_eq!(head("cache-control").unwrap(), kept, "{path}");
        assert!(!answer.body.contains(" style=") && !answer.body.contains("<script>"), "{path}");
        assert!(!answer.body.contains("onclick") && !answer.body.contains("//unpkg"), "{path}");
    }
    let statuses: Vec<_> = seen.iter().map(|(_, answer)| answer.status.as_u16()).collect();
    assert_eq!(statuses, [303, 200, 200, 200, 200, 405, 404, 200, 200, 404, 403]);
}

#[tokio::test]
async fn a_cookie_is_for_this_site_and_no_script() {
    let world = World::new().await;
    let answer = world.browser().get("/sign-in").await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax") && cookie.contains("; Path=/"),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let world = World::new().await;
    let mut browser = world.browser();
    let tag = browser.get("/static/htmx.min.js").await.headers[header::ETAG].clone();
    let mut request = axum::http::Request::get("/static/htmx.min.js").body(axum::body::Body::empty()).unwrap();
    request.headers_mut().insert(header::IF_NONE_MATCH, tag);
    let again = browser.send(request).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
}

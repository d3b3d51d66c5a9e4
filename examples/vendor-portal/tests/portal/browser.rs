//! A browser without a window: it keeps its cookie and finds the token of forms in the pages.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use tenantry::{Catalog, CustomerFilter, CustomerId, Place, RootKey, Sqlite, Tenantry, VendorScope, VerifiedEmail};
use tower::ServiceExt;
use vendor_portal::{Portal, demo, router};

/// The portal with the demonstration in it, in memory.
pub(crate) struct World {
    pub(crate) portal: Arc<Portal>,
    pub(crate) router: Router,
}

impl World {
    pub(crate) async fn new() -> Self {
        let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::generate().unwrap());
        Self::of(builder.open_in_memory().await.unwrap()).await
    }

    /// The same in a file of this folder: there a commit takes a while.
    pub(crate) async fn in_a_file(folder: &Path) -> Self {
        let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::generate().unwrap());
        Self::of(builder.open(Sqlite::file(folder.join("portal.db"))).await.unwrap()).await
    }

    async fn of(app: Tenantry) -> Self {
        demo::fill(&app).await.unwrap();
        let vendor = app.find_vendor(demo::VENDOR).await.unwrap().unwrap();
        let portal = Portal::new(app, vendor, "http://127.0.0.1:8080", None).unwrap();
        Self { router: router(Arc::clone(&portal)), portal }
    }

    /// A browser that nobody is signed in with.
    pub(crate) fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), cookie: None, token: String::new(), once: String::new() }
    }

    /// A browser of this person.
    pub(crate) async fn sign_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let link = self.portal.sign_in_link(email).replace(&self.portal.url, "");
        browser.get(&link).await;
        let there = browser.post(&link, &[]).await;
        assert_eq!(there.status, StatusCode::SEE_OTHER, "{email}");
        browser.get("/places").await;
        browser
    }

    /// The vendor's Administrator, past the pages: to look what became of something.
    pub(crate) async fn ada(&self) -> VendorScope {
        let (app, vendor) = (&self.portal.app, self.portal.vendor.id);
        let identity = app.identify(vendor, VerifiedEmail::new("ada@acme.test")).await.unwrap().unwrap();
        app.vendor(vendor, identity.user)
    }

    pub(crate) async fn customer(&self, name: &str) -> CustomerId {
        let found = self.ada().await.customers().list(CustomerFilter::new().text(name).any_status()).await.unwrap();
        found.items.iter().find(|customer| customer.name == name).unwrap().id
    }

    /// How many entries the whole log has: it moves with every change.
    pub(crate) async fn entries(&self) -> u64 {
        let heads = self.portal.app.maintenance("a test").heads(self.portal.vendor.id).await.unwrap();
        heads.iter().map(|head| head.number).sum()
    }

    pub(crate) fn vendor(&self) -> Place {
        Place::Vendor(self.portal.vendor.id)
    }
}

pub(crate) struct Browser {
    router: Router,
    pub(crate) cookie: Option<String>,
    /// The token of the last page's forms.
    pub(crate) token: String,
    /// The number of the last page's forms.
    pub(crate) once: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// What a reader sees, more or less: without tags, with the signs that HTML writes otherwise.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (index, part) in self.body.split('<').enumerate() {
            let part = if index == 0 { part } else { part.split_once('>').map_or("", |(_, after)| after) };
            text.push(' ');
            text.push_str(part);
        }
        let text = text.replace("&#39;", "'").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">");
        text.replace("&#38;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// What stands in the quotes after this text.
    pub(crate) fn quoted(&self, before: &str) -> Option<String> {
        let rest = self.body.split_once(before)?.1;
        Some(rest.split_once('"')?.0.to_owned())
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::builder().method(Method::GET).uri(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form of the last page.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", token.as_str())]).collect();
        self.send(form(path, &fields)).await
    }

    /// Sends a form and goes where it leads.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.text());
        let to = answer.location().to_owned();
        self.get(&to).await
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            self.cookie = Some(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        if let Some(token) = answer.quoted("name=\"csrf\" value=\"") {
            self.token = token;
        }
        if let Some(once) = answer.quoted("name=\"once\" value=\"") {
            self.once = once;
        }
        answer
    }
}

/// A form as a browser sends it.
pub(crate) fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let kind = "application/x-www-form-urlencoded";
    Request::builder().method(Method::POST).uri(path).header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()
}

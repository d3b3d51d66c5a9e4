//! A person with a browser, and what such people do.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use vendor_portal::demo;

use crate::Failure;

/// A person with a browser: one connection, one cookie, one page at a time.
pub(crate) struct Person {
    number: usize,
    steps: u64,
    connection: SendRequest<Body>,
    host: String,
    cookie: String,
    token: String,
    /// Where the portal begins for this person.
    pub(crate) home: String,
    /// The customers that were seen last.
    pub(crate) customers: Vec<String>,
    /// The page of the list after the one that was seen last.
    pub(crate) next: Option<String>,
    /// How long the requests took, each with its kind.
    pub(crate) times: Vec<(&'static str, Duration)>,
}

impl Person {
    pub(crate) async fn sign_in(number: usize, link: &str) -> Result<Self, Failure> {
        let (host, path) = link.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or("no link")?;
        let stream = TcpStream::connect(host.parse::<SocketAddr>()?).await?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        let (cookie, token, home) = (String::new(), String::new(), String::new());
        let (host, customers, next, times) = (host.to_owned(), Vec::new(), None, Vec::new());
        let mut person = Self { number, steps: 0, connection, host, cookie, token, home, customers, next, times };
        let path = format!("/{path}");
        person.get("sign in", &path).await?;
        person.post("sign in", &path, &[]).await?;
        person.get("sign in", "/places").await?;
        let request = person.request("GET", "/", String::new())?;
        let (status, _, to) = person.send(request).await?;
        person.home = to.filter(|_| status == StatusCode::SEE_OTHER).ok_or("no home")?;
        Ok(person)
    }

    /// The next thing that this person does.
    pub(crate) async fn step(&mut self) -> Result<(), Failure> {
        self.steps += 1;
        // Every person does the same things, each at another moment.
        let turn = self.steps.wrapping_mul(7).wrapping_add(self.number as u64);
        if let Some(portal) = self.home.strip_suffix("/home").map(str::to_owned) {
            return self.step_of_member(&portal, turn).await;
        }
        // Ada, Ben and Vera take turns: the third may look, not change.
        let may_change = self.number % demo::PEOPLE.len() < 2;
        let some = self.customers.get(usize::try_from(turn)? % self.customers.len().max(1)).cloned();
        match (turn % 20, some) {
            (0..=5, _) | (_, None) => {
                let needle = ["glob", "demo", "marine 00", "labs", "crm-1", "zürich", "000", "energi"];
                let needle = needle.get(usize::try_from(turn / 3)? % needle.len()).copied().unwrap_or_default();
                self.list("filter", &format!("/customers?q={}", vendor_portal::pages::encoded(needle))).await
            }
            (6..=8, _) => {
                let page = self.next.take().unwrap_or_else(|| "/customers".to_owned());
                self.list("page", &page).await
            }
            (9..=10, Some(customer)) => self.get("customer", &customer).await.map(drop),
            (11..=12, Some(customer)) => self.get("users", &format!("{customer}/users")).await.map(drop),
            (13..=14, Some(customer)) => self.get("secrets", &format!("{customer}/secrets")).await.map(drop),
            (15..=16, Some(customer)) if may_change => {
                let on = if turn.is_multiple_of(2) { ("feature", "alerts") } else { ("had", "alerts") };
                self.post("switch a feature", &format!("{customer}/features"), &[on]).await
            }
            (17, _) if may_change => {
                let name = format!("Load {} {}", self.number, self.steps);
                self.post("create a customer", "/customers", &[("name", &name)]).await
            }
            (18, Some(customer)) if may_change => {
                let email = format!("u{}-{}@load.test", self.number, self.steps);
                let fields = [("name", "Load"), ("email", email.as_str()), ("role", "user")];
                self.post("invite", &format!("{customer}/users"), &fields).await
            }
            (19, Some(customer)) if may_change => {
                let key = format!("KEY_{}_{}", self.number, self.steps);
                self.post("set a secret", &format!("{customer}/secrets"), &[("key", &key), ("value", "load")]).await
            }
            (_, Some(customer)) => self.get("features", &format!("{customer}/features")).await.map(drop),
        }
    }

    async fn step_of_member(&mut self, portal: &str, turn: u64) -> Result<(), Failure> {
        match turn % 6 {
            0 => self.get("portal", &format!("{portal}/deployments")).await.map(drop),
            1 => self.get("portal", &format!("{portal}/secrets")).await.map(drop),
            2 => self.get("portal", &format!("{portal}/secrets/API_TOKEN")).await.map(drop),
            3 => self.get("portal", &format!("{portal}/artifacts")).await.map(drop),
            _ => self.get("portal", &format!("{portal}/home")).await.map(drop),
        }
    }

    pub(crate) async fn list(&mut self, kind: &'static str, path: &str) -> Result<(), Failure> {
        let page = self.get(kind, path).await?;
        let rows = page.split("data-label=\"Name\"><a href=\"").skip(1).filter_map(|row| row.split_once('"'));
        let customers: Vec<_> = rows.map(|(href, _)| href.to_owned()).collect();
        if !customers.is_empty() {
            self.customers = customers;
        }
        let next = page.split_once("rel=\"next\" hx-get=\"").and_then(|(_, rest)| rest.split_once('"'));
        self.next = next.map(|(href, _)| href.replace("&#38;", "&"));
        Ok(())
    }

    pub(crate) async fn get(&mut self, kind: &'static str, path: &str) -> Result<String, Failure> {
        let request = self.request("GET", path, String::new())?;
        let begin = Instant::now();
        let (status, page, _) = self.send(request).await?;
        self.times.push((kind, begin.elapsed()));
        // Features are switched meanwhile: then a member is refused, as it should be.
        let refused = status == StatusCode::FORBIDDEN && page.contains("switched off for you");
        if status != StatusCode::OK && !refused {
            return Err(format!("GET {path}: {status}").into());
        }
        if let Some((_, rest)) = page.split_once("name=\"csrf\" value=\"") {
            self.token = rest.split_once('"').map_or("", |(token, _)| token).to_owned();
        }
        Ok(page)
    }

    async fn post(&mut self, kind: &'static str, path: &str, fields: &[(&str, &str)]) -> Result<(), Failure> {
        let fields = fields.iter().copied().chain([("csrf", self.token.as_str())]);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request("POST", path, form)?;
        let begin = Instant::now();
        let (status, page, _) = self.send(request).await?;
        self.times.push((kind, begin.elapsed()));
        if status == StatusCode::SEE_OTHER { Ok(()) } else { Err(format!("POST {path}: {status} {page}").into()) }
    }

    fn request(&self, method: &str, path: &str, form: String) -> Result<Request<Body>, Failure> {
        let request = Request::builder().method(method).uri(path).header(header::HOST, &self.host);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        Ok(request.header(header::COOKIE, &self.cookie).body(Body::from(form))?)
    }

    async fn send(&mut self, request: Request<Body>) -> Result<(StatusCode, String, Option<String>), Failure> {
        self.connection.ready().await?;
        let response: Response<_> = self.connection.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(cookie) = text(header::SET_COOKIE).and_then(|cookie| cookie.split(';').next()) {
            self.cookie = cookie.to_owned();
        }
        let to = text(header::LOCATION).map(str::to_owned);
        let page = to_bytes(Body::new(body), usize::MAX).await?;
        Ok((parts.status, String::from_utf8_lossy(&page).into_owned(), to))
    }
}

//! The mail of invitations, by a courier that keeps what it is handed.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use tenantry::{Catalog, Courier, DeliveryError, InvitationMail, RootKey, Tenantry};
use vendor_portal::mail::Mail;
use vendor_portal::{Portal, demo, router};

use crate::browser::World;

/// Keeps the tokens by address; refuses the first mail to anybody whose name begins with "Slow".
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<(String, String)>>);

#[derive(Debug)]
struct ToKeep(Arc<Kept>);

#[async_trait::async_trait]
impl Courier for ToKeep {
    async fn deliver(&self, mail: &InvitationMail) -> Result<(), DeliveryError> {
        if mail.name.starts_with("Slow") {
            return Err(DeliveryError::postponed("the mailbox is full"));
        }
        self.0.0.lock().unwrap().push((mail.email.clone(), mail.token.expose().to_owned()));
        Ok(())
    }
}

#[tokio::test]
async fn with_a_mail_server_the_link_goes_to_the_invited_person_and_nobody_else_sees_it() {
    let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::generate().unwrap()).outbox();
    let app = builder.open_in_memory().await.unwrap();
    demo::fill(&app).await.unwrap();
    let vendor = app.find_vendor(demo::VENDOR).await.unwrap().unwrap();
    let kept = Arc::new(Kept::default());
    let outbox = app.outbox(ToKeep(Arc::clone(&kept)));
    let portal = Portal::new(app, vendor, "http://127.0.0.1:8080", Some(Mail::new(outbox.clone()))).unwrap();
    let world = World { router: router(Arc::clone(&portal)), portal };
    let globex = world.customer("Globex GmbH").await;
    let users = format!("/customers/{globex}/users");
    let mut ada = world.sign_in("ada@acme.test").await;

    let answer = ada.submit(&users, &[("name", "Nina"), ("email", "Nina@globex.test"), ("role", "user")]).await;
    assert!(answer.text().contains("Nina is invited as User. The mail goes to Nina@globex.test."), "{}", answer.text());
    assert!(!answer.body.contains("tny_inv_"));
    assert!(ada.get(&users).await.text().contains("mail waits to be sent"));
    outbox.deliver().await.unwrap();
    assert!(ada.get(&users).await.text().contains("mail sent"));
    let token = kept.0.lock().unwrap().iter().find(|(email, _)| email == "Nina@globex.test").unwrap().1.clone();

    let mut nina = world.browser();
    nina.get("/invitation").await;
    assert_eq!(nina.post("/invitation", &[("token", &token)]).await.status, StatusCode::OK);
    let home = nina.submit("/invitation/accept", &[("token", &token)]).await;
    assert!(home.text().contains("Welcome! You are User of Globex GmbH"), "{}", home.text());

    ada.submit(&users, &[("name", "Slow"), ("email", "slow@globex.test"), ("role", "user")]).await;
    outbox.deliver().await.unwrap();
    let text = ada.get(&users).await.text();
    assert!(text.contains("mail not sent yet, next attempt") && text.contains("(the mailbox is full)"), "{text}");
}

#[tokio::test]
async fn the_sender_sends_when_somebody_is_invited_and_ends_when_it_is_told_to() {
    let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::generate().unwrap()).outbox();
    let app = builder.open_in_memory().await.unwrap();
    let boss = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").await.unwrap();
    let kept = Arc::new(Kept::default());
    let mail = Mail::new(app.outbox(ToKeep(Arc::clone(&kept))));
    let sender = tokio::spawn({
        let mail = Arc::clone(&mail);
        async move { mail.run().await }
    });
    for name in ["Bea", "Cem"] {
        boss.members().invite(name, &format!("{name}@acme.test"), tenantry::Role::User).await.unwrap();
        mail.wake();
        while !kept.0.lock().unwrap().iter().any(|(email, _)| email.starts_with(name)) {
            tokio::task::yield_now().await;
        }
    }
    mail.end();
    sender.await.unwrap();
}

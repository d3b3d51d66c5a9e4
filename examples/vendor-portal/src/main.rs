//! The vendor portal and the customer portal: `cargo run -p vendor-portal`, then open one of the links that it prints.
#![forbid(unsafe_code)]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tenantry::{Catalog, RootKey, Sqlite, Tenantry, VerifiedEmail};
use tenantry_mail::SmtpCourier;
use tokio::net::TcpListener;
use tokio::time::timeout;
use vendor_portal::mail::Mail;
use vendor_portal::{Portal, demo, router, words};

/// How long the end waits for mail that is due.
const ENDING: Duration = Duration::from_secs(10);

/// The vendor portal and the customer portal, on tenantry.
#[derive(Debug, Parser)]
struct Options {
    /// The file of the store; made at the first start. The root key stands beside it, in FILE.key.
    #[arg(long, default_value = "vendor-portal.db", value_name = "FILE")]
    db: PathBuf,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// How people reach the portal, for the links that they get: https://customers.example.com behind a proxy.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The mail server, for the mail of invitations. Without one whoever invites gets the link to hand on.
    #[arg(long, value_name = "HOST:PORT")]
    smtp: Option<String>,
    /// How the connection to the mail server is encrypted.
    #[arg(long, value_enum, default_value_t = Encryption::Tls, requires = "smtp")]
    smtp_encryption: Encryption,
    /// Who sends the mail.
    #[arg(long, default_value = "Acme Software <no-reply@acme.test>", value_name = "ADDRESS", requires = "smtp")]
    smtp_from: String,
    /// Signs in at the mail server with this name, and the password in VENDOR_PORTAL_SMTP_PASSWORD.
    #[arg(long, value_name = "NAME", requires = "smtp")]
    smtp_user: Option<String>,
    /// What is logged on standard error: error, warn, info, debug or trace.
    #[arg(long, default_value_t = tracing::Level::WARN, value_name = "LEVEL")]
    log: tracing::Level,
    /// Creates this many more customers, to see how the portal does with many.
    #[arg(long, value_name = "NUMBER")]
    demo_customers: Option<u64>,
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Encryption {
    /// From the first byte.
    Tls,
    /// After the command STARTTLS.
    Starttls,
    /// Not at all: to this machine only.
    None,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    tracing_subscriber::fmt().with_max_level(options.log).with_writer(std::io::stderr).init();
    let mut key_file = options.db.clone().into_os_string();
    key_file.push(".key");
    let key = RootKey::from_file_or_create(PathBuf::from(key_file))?;
    let mut builder = Tenantry::builder(Catalog::standard()).root_key(key);
    if options.smtp.is_some() {
        builder = builder.outbox();
    }
    let app = builder.open(Sqlite::file(&options.db)).await?;
    if app.find_vendor(demo::VENDOR).await?.is_none() {
        demo::fill(&app).await?;
    }
    let vendor = app.find_vendor(demo::VENDOR).await?.ok_or("there is no vendor")?;
    if let Some(count) = options.demo_customers {
        let [first, ..] = demo::PEOPLE;
        let identity = app.identify(vendor.id, VerifiedEmail::new(first.email)).await?;
        let identity = identity.ok_or("the vendor's Administrator is gone")?;
        demo::many(&app.vendor(vendor.id, identity.user), count).await?;
    }
    let listener = TcpListener::bind(options.listen).await?;
    let url = options.url.clone().unwrap_or(format!("http://{}", listener.local_addr()?));
    let mail = match &options.smtp {
        Some(server) => Some(Mail::new(app.outbox(courier(&options, server, &url)?))),
        None => None,
    };
    let portal = Portal::new(app.clone(), vendor, &url, mail.clone())?;

    let way = "Signing in is a stand-in: whoever has a link is that person.";
    words::print(&format!("The portal is at {}. {way}", portal.url));
    for person in demo::PEOPLE {
        // Who was removed since the first start cannot sign in.
        if app.identify(portal.vendor.id, VerifiedEmail::new(person.email)).await?.is_some() {
            let role = words::role(person.role);
            let link = portal.sign_in_link(person.email);
            words::print(&format!("{:>14}: {role:<13} {} {link}", person.place, person.name));
        }
    }
    let sender = mail.clone().map(|mail| tokio::spawn(async move { mail.run().await }));
    axum::serve(listener, router(portal)).with_graceful_shutdown(stop()).await?;
    if let (Some(mail), Some(mut sender)) = (mail, sender) {
        mail.end();
        // What is on its way after that counts as broken off, and is sent again at the next start.
        match timeout(ENDING, &mut sender).await {
            Ok(ended) => ended?,
            Err(_) => sender.abort(),
        }
    }
    app.maintenance("the program ends").close().await?;
    Ok(())
}

/// What hands the mail to the server.
fn courier(options: &Options, server: &str, url: &str) -> Result<SmtpCourier, Box<dyn Error>> {
    let (host, port) = server.rsplit_once(':').ok_or("the mail server is HOST:PORT")?;
    let link = format!("{}/invitation", url.trim_end_matches('/'));
    let mut builder = SmtpCourier::builder(host, &options.smtp_from, link).port(port.parse()?);
    builder = match options.smtp_encryption {
        Encryption::Tls => builder,
        Encryption::Starttls => builder.starttls(),
        Encryption::None => builder.plain_on_loopback(),
    };
    if let Some(user) = &options.smtp_user {
        // Not the error of the library: it repeats a value that is no text.
        let password = std::env::var("VENDOR_PORTAL_SMTP_PASSWORD");
        let password = password.map_err(|_| "VENDOR_PORTAL_SMTP_PASSWORD is missing, or no text")?;
        builder = builder.credentials(user, password);
    }
    Ok(builder.build()?)
}

/// Waits until somebody wants the program to end: by ctrl-c, or as a service manager does.
async fn stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut told) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = interrupted => {}
            _ = told.recv() => {}
        }
        return;
    }
    if let Err(error) = interrupted.await {
        tracing::error!(%error, "cannot wait for ctrl-c");
    }
}

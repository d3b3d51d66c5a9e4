//! The customers of a measured store: names as companies have them, in no order, the same in every run.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use tenantry::{
    Catalog, Durability, NewCustomer, PageRequest, Role, RootKey, Sqlite, Tenantry, VendorScope, VerifiedEmail,
};

/// The member that decisions are made for.
pub(crate) const MEMBER: &str = "hank@globex.test";

const FIRST: [&str; 24] = [
    "Globex",
    "Initech",
    "Umbrella",
    "Hooli",
    "Vehement",
    "Massive",
    "Stark",
    "Wayne",
    "Acme",
    "Soylent",
    "Cyberdyne",
    "Tyrell",
    "Aperture",
    "Wonka",
    "Oscorp",
    "Bluth",
    "Dunder",
    "Gringotts",
    "Ärztehaus",
    "Duff",
    "Prestige",
    "Virtucon",
    "Kramerica",
    "Nakatomi",
];
const SECOND: [&str; 16] = [
    "Systems",
    "Logistics",
    "Partners",
    "Holding",
    "Solutions",
    "Energy",
    "Media",
    "Foods",
    "Bank",
    "Motors",
    "Labs",
    "Trading",
    "Robotics",
    "Airways",
    "Textiles",
    "Pictures",
];
/// One in two hundred customers has one of these in its name, each as often.
pub(crate) const SELDOM: [&str; 4] = ["Quartzite", "Jabberwocky", "Xylophone", "Mugwump"];
/// One in twenty has this name, which sorts behind all others.
pub(crate) const LAST: &str = "Zenithal";
/// Twelve in a hundred have this in their names.
pub(crate) const OFTEN: &str = "Consulting";
/// One customer in so many has a member.
pub(crate) const WITH_MEMBER: u64 = 10;

/// A number that looks random and is the same in every run.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn pick(words: &[&'static str], by: u64) -> &'static str {
    usize::try_from(by).ok().and_then(|by| words.get(by % words.len())).copied().unwrap_or_default()
}

pub(crate) fn name(customer: u64) -> String {
    let (kind, number) = (mixed(customer) % 1_000, mixed(customer.wrapping_mul(7)) % 1_000_000);
    let (first, second) = (pick(&FIRST, mixed(customer) / 1_000), pick(&SECOND, number));
    match kind {
        0..50 => format!("{LAST} {second} {number}"),
        50..170 => format!("{first} {OFTEN} {number}"),
        170..190 => format!("{first} {} {number}", pick(&SELDOM, kind)),
        _ => format!("{first} {second} {number}"),
    }
}

pub(crate) fn external_id(customer: u64) -> String {
    format!("crm-{customer:07}")
}

/// The e-mail of a customer's member.
pub(crate) fn email(customer: u64) -> String {
    format!("{}.{customer}@mail-{}.test", pick(&["ops", "hello", "it", "billing"], mixed(customer)), customer % 997)
}

pub(crate) fn open(path: &Path) -> Result<Tenantry, Box<dyn Error>> {
    let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
    Ok(builder.open(Sqlite::file(path)).wait()?)
}

/// The vendor's Administrator.
pub(crate) fn staff(app: &Tenantry) -> Result<VendorScope, Box<dyn Error>> {
    let vendors = app.vendors(PageRequest::first()).wait()?;
    let vendor = vendors.items.first().ok_or("the store has no vendor")?.id;
    let ada = app.identify(vendor, VerifiedEmail::new("ada@acme.test")).wait()?.ok_or("the staff is missing")?;
    Ok(app.vendor(vendor, ada.user))
}

/// The file with so many customers, made by the first run that needs it.
pub(crate) fn kept(customers: u64) -> Result<PathBuf, Box<dyn Error>> {
    let target =
        env::current_exe()?.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists()).map(Path::to_owned);
    let folder = target.unwrap_or_else(env::temp_dir).join("figures");
    // With the schema in the name: a file of an older one is not measured.
    let path = folder.join(format!("{customers}-customers-v{SCHEMA}.db"));
    if path.exists() {
        return Ok(path);
    }
    fs::create_dir_all(&folder)?;
    let unfinished = folder.join(format!("unfinished-{}.db", std::process::id()));
    make(&unfinished, customers)?;
    fs::rename(&unfinished, &path)?;
    Ok(path)
}

/// The version of the schema that is kept.
const SCHEMA: i64 = 5;

/// Makes a store with so many customers, every tenth with a member, and one with a member who accepted and a secret.
pub(crate) fn make(path: &Path, customers: u64) -> Result<(), Box<dyn Error>> {
    let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
    let app = builder.open(Sqlite::file(path).durability(Durability::ProcessCrash)).wait()?;
    let staff = import(&app, customers)?;
    for row in (0..customers).step_by(usize::try_from(WITH_MEMBER)?) {
        let customer = staff.customer(staff.customers().find(&external_id(row)).wait()?.id);
        customer.members().invite("Member", &email(row), Role::User).wait()?;
        if row > 0 && row.is_multiple_of(20_000 * WITH_MEMBER) {
            eprintln!("members of {row} of {customers} customers");
        }
    }
    let customer = staff.customer(staff.customers().find(&external_id(0)).wait()?.id);
    let invited = customer.members().invite("Hank", MEMBER, Role::User).wait()?;
    app.accept_invitation(&invited.token, VerifiedEmail::new(MEMBER)).wait()?;
    customer.secrets().set("SMTP_PASSWORD", "correct horse battery staple").wait()?;
    app.maintenance("figures").close().wait()?;
    Ok(())
}

/// Makes the vendor, and imports so many customers.
pub(crate) fn import(app: &Tenantry, customers: u64) -> Result<VendorScope, Box<dyn Error>> {
    let staff = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait()?;
    let rows = (0..customers).map(|row| Ok(NewCustomer::new(name(row)).external_id(external_id(row))));
    let mut made = 0_u64;
    let progress = move |_| {
        made += 1;
        if made.is_multiple_of(50_000) {
            eprintln!("{made} of {customers} customers");
        }
    };
    staff.customers().import(rows, progress).wait()?;
    Ok(staff)
}

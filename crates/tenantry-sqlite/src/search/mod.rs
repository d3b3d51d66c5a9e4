//! The search index of the customer filter: which texts hold which three characters.
//!
//! Every customer has one row in it, for name and external id, and every member of a customer another one, for the
//! e-mail, so that inviting does not write the customer's again. The index only narrows down who may match; each match is
//! tested on the row itself.
//!
//! A row's number stands for one text for ever, and a customer's also for one place in the order of names. So what somebody
//! remembers of a customer's number (see [`order`]) can be out of date only by not knowing it.
//!
//! FTS5 collects what is written to it and writes a whole new segment at each savepoint. So applying a commit only notes
//! what it [touched](Touched), and [`update`] brings the index up to date once, before COMMIT.

mod check;
mod filter;
mod grams;
mod order;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, Result, params};
use tenantry_core::ids::{CustomerId, UserId, VendorId};
use tenantry_core::store::{CustomerRow, Place};

use crate::row::blob;

pub(crate) use check::check;
pub(crate) use filter::customers;
pub(crate) use order::Orders;

/// How far behind the vendor's first number those of members begin.
const MEMBERS: i64 = 1 << 40;

/// The numbers whose rows commits wrote, and whose they are. Those of a commit that was rolled back are dropped with it.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    customers: BTreeMap<i64, Customer>,
    members: BTreeMap<i64, (Place, UserId)>,
}

#[derive(Debug)]
struct Customer {
    vendor: VendorId,
    id: CustomerId,
    /// What is indexed, as long as the row was made and not written again.
    new: Option<Texts>,
}

impl Touched {
    /// Notes a customer that was made.
    pub(crate) fn new_customer(&mut self, number: i64, row: &CustomerRow) {
        let new = Some((row.name_folded.clone(), row.external_id_folded.clone()));
        self.customers.insert(number, Customer { vendor: row.vendor, id: row.id, new });
    }

    /// Notes a customer that was changed or deleted.
    pub(crate) fn customer(&mut self, number: i64, vendor: VendorId, id: CustomerId) {
        self.customers.insert(number, Customer { vendor, id, new: None });
    }

    /// Notes a member; the vendor's own are not searched.
    pub(crate) fn member(&mut self, number: i64, place: Place, user: UserId) {
        if number != 0 {
            self.members.insert(number, (place, user));
        }
    }

    /// Adds what a later commit of the same transaction touched.
    pub(crate) fn extend(&mut self, other: Self) {
        self.customers.extend(other.customers);
        self.members.extend(other.members);
    }
}

/// The next number of each vendor that a transaction gave one from: read once, written once, by [`update`]. A commit that is
/// rolled back leaves a gap, as a renamed customer does.
#[derive(Debug, Default)]
pub(crate) struct Numbers(RefCell<BTreeMap<VendorId, Next>>);

#[derive(Debug)]
struct Next {
    first: i64,
    next: i64,
}

impl Numbers {
    /// Takes the vendor's next number; a customer's.
    pub(crate) fn next(&self, connection: &Connection, vendor: VendorId) -> Result<i64> {
        let mut vendors = self.0.borrow_mut();
        let numbers = match vendors.entry(vendor) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let sql = "SELECT first, next FROM search_numbers WHERE vendor_id = ?1";
                let row = |row: &rusqlite::Row<'_>| Ok(Next { first: row.get(0)?, next: row.get(1)? });
                unknown.insert(connection.prepare_cached(sql)?.query_row([blob(vendor.as_uuid())], row)?)
            }
        };
        numbers.next += 1;
        Ok(numbers.first + numbers.next - 1)
    }

    /// Takes the vendor's next number for a member of this place; the vendor's own get none.
    pub(crate) fn next_member(&self, connection: &Connection, place: Place) -> Result<i64> {
        match place {
            Place::Vendor(_) => Ok(0),
            Place::Customer(vendor, _) => Ok(self.next(connection, vendor)? + MEMBERS),
        }
    }

    /// Notes what was taken.
    fn store(&self, connection: &Connection) -> Result<()> {
        for (vendor, Next { next, .. }) in &*self.0.borrow() {
            let sql = "UPDATE search_numbers SET next = ?2 WHERE vendor_id = ?1";
            connection.prepare_cached(sql)?.execute(params![blob(vendor.as_uuid()), next])?;
        }
        Ok(())
    }
}

/// Gives a new vendor its numbers.
pub(crate) fn add_vendor(connection: &Connection, vendor: VendorId) -> Result<()> {
    let sql = "INSERT INTO search_numbers (vendor_id, first, next)
               SELECT ?1, coalesce(max(first), 0) + (1 << 41), 0 FROM search_numbers";
    connection.prepare_cached(sql)?.execute([blob(vendor.as_uuid())]).map(|_| ())
}

/// Two texts of one row of the index.
type Texts = (String, Option<String>);

/// Brings the index up to date with what was touched. The writer calls it once, after the last savepoint and before
/// COMMIT; what it finds up to date costs it two lookups.
pub(crate) fn update(connection: &Connection, numbers: &Numbers, touched: &Touched) -> Result<()> {
    let mut writes = BTreeMap::new();
    for (number, Customer { vendor, id, new }) in &touched.customers {
        match new {
            Some(texts) => add_customer(connection, *number, *id, texts.clone(), &mut writes)?,
            None => customer(connection, numbers, (*number, *vendor, *id), &mut writes)?,
        }
    }
    for (number, (place, user)) in &touched.members {
        member(connection, numbers, (*number, *place, *user), &mut writes)?;
    }
    numbers.store(connection)?;
    // In the order of the numbers: FTS5 writes a segment whenever they fall.
    for (number, write) in writes {
        let (sql, (text, more)) = match write {
            Write::Add(texts) => ("INSERT INTO search_index (rowid, text, more) VALUES (?1, ?2, ?3)", texts),
            Write::Remove(texts) => {
                ("INSERT INTO search_index (search_index, rowid, text, more) VALUES ('delete', ?1, ?2, ?3)", texts)
            }
        };
        connection.prepare_cached(sql)?.execute(params![number, closed(&text), more.as_deref().map(closed)])?;
    }
    Ok(())
}

/// What is written to the index for a number.
enum Write {
    Add(Texts),
    Remove(Texts),
}

/// A text as it is indexed: every character of it begins a trigram, also the last.
fn closed(text: &str) -> String {
    format!("{text}\u{1}\u{1}")
}

fn customer(
    connection: &Connection,
    numbers: &Numbers,
    (number, vendor, id): (i64, VendorId, CustomerId),
    writes: &mut BTreeMap<i64, Write>,
) -> Result<()> {
    let texts = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let key = (blob(vendor.as_uuid()), blob(id.as_uuid()));
    let indexed: Option<Texts> = connection
        .prepare_cached("SELECT name_folded, external_id_folded FROM search_customers WHERE number = ?1")?
        .query_row([number], texts)
        .optional()?;
    let sql = "SELECT name_folded, external_id_folded FROM customers WHERE vendor_id = ?1 AND id = ?2 AND number = ?3";
    let current: Option<Texts> =
        connection.prepare_cached(sql)?.query_row(params![key.0, key.1, number], texts).optional()?;
    if indexed == current {
        return Ok(());
    }
    let is_new = indexed.is_none();
    if let Some(texts) = indexed {
        connection.prepare_cached("DELETE FROM search_customers WHERE number = ?1")?.execute([number])?;
        writes.insert(number, Write::Remove(texts));
    }
    let Some(texts) = current else { return Ok(()) };
    let mut new = number;
    if !is_new {
        new = numbers.next(connection, vendor)?;
        let sql = "UPDATE customers SET number = ?3 WHERE vendor_id = ?1 AND id = ?2";
        connection.prepare_cached(sql)?.execute(params![key.0, key.1, new])?;
        let sql = "UPDATE search_members SET customer = ?2 WHERE customer = ?1";
        connection.prepare_cached(sql)?.execute([number, new])?;
    }
    add_customer(connection, new, id, texts, writes)
}

fn add_customer(
    connection: &Connection,
    number: i64,
    id: CustomerId,
    texts: Texts,
    writes: &mut BTreeMap<i64, Write>,
) -> Result<()> {
    let sql = "INSERT INTO search_customers (number, customer_id, name_folded, external_id_folded)
               VALUES (?1, ?2, ?3, ?4)";
    connection.prepare_cached(sql)?.execute(params![number, blob(id.as_uuid()), texts.0, texts.1])?;
    writes.insert(number, Write::Add(texts));
    Ok(())
}

fn member(
    connection: &Connection,
    numbers: &Numbers,
    (number, place, user): (i64, Place, UserId),
    writes: &mut BTreeMap<i64, Write>,
) -> Result<()> {
    let indexed: Option<String> = connection
        .prepare_cached("SELECT email_folded FROM search_members WHERE number = ?1")?
        .query_row([number], |row| row.get(0))
        .optional()?;
    let vendor = place.vendor();
    let key = (blob(vendor.as_uuid()), blob(&place.uuid()), blob(user.as_uuid()));
    let current: Option<(String, i64)> = connection
        .prepare_cached(
            "SELECT u.email_folded, c.number FROM members AS m
             JOIN users AS u ON u.vendor_id = m.vendor_id AND u.id = m.user_id
             JOIN customers AS c ON c.vendor_id = m.vendor_id AND c.id = m.place_id
             WHERE m.vendor_id = ?1 AND m.place_id = ?2 AND m.user_id = ?3 AND m.number = ?4",
        )?
        .query_row(params![key.0, key.1, key.2, number], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if indexed.as_ref() == current.as_ref().map(|(email, _)| email) {
        return Ok(());
    }
    let is_new = indexed.is_none();
    if let Some(email) = indexed {
        connection.prepare_cached("DELETE FROM search_members WHERE number = ?1")?.execute([number])?;
        writes.insert(number, Write::Remove((email, None)));
    }
    let Some((email, customer)) = current else { return Ok(()) };
    let mut new = number;
    if !is_new {
        new = numbers.next_member(connection, place)?;
        let sql = "UPDATE members SET number = ?4 WHERE vendor_id = ?1 AND place_id = ?2 AND user_id = ?3";
        connection.prepare_cached(sql)?.execute(params![key.0, key.1, key.2, new])?;
    }
    connection
        .prepare_cached("INSERT INTO search_members (number, customer, email_folded) VALUES (?1, ?2, ?3)")?
        .execute(params![new, customer, email])?;
    writes.insert(new, Write::Add((email, None)));
    Ok(())
}

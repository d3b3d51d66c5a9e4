//! How a page of the filter is found.
//!
//! Two ways lead to a page. A *walk* along the names tests one customer after another: short when many match. The *index*
//! names all that may match, whose names are then read and sorted: short when few match. How many match is not known
//! beforehand, so both are tried by turns, each a little longer than before; the one that is right for the needle ends
//! early. When both are long, the [order](super::order) sorts what the index names.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Rows, params};
use tenantry_core::ids::VendorId;
use tenantry_core::store::{CustomerQuery, CustomerRow, CustomerStatus};

use super::grams::{Question, question};
use super::order::{Numbers, Order, Orders};
use crate::row::{self, blob};

/// How many numbers are taken from the index, and how many customers are walked past, before the other way is tried.
const TURNS: [(usize, usize); 2] = [(500, 500), (5_000, 2_000)];
/// Up to so many names are read and sorted; for more the order is asked.
const FEW: usize = 5_000;
/// A statement has a limit, also where all that it names is needed.
const ALL: i64 = 1 << 40;

/// Where a customer stands in the list.
type Key = (String, [u8; 16]);

/// The customers that the query describes, in the order of (folded name, id).
pub(crate) fn customers(
    connection: &Connection,
    orders: &Orders,
    vendor: VendorId,
    query: &CustomerQuery,
) -> Result<Vec<CustomerRow>> {
    if query.needle.is_empty() {
        return listed(connection, vendor, query);
    }
    // One moment for all statements.
    let moment = connection.unchecked_transaction()?;
    let after = query.after.clone().map_or_else(Key::default, |(name, id)| (name, blob(id.as_uuid())));
    let search = Search { connection: &moment, orders, vendor, query, after };
    search.page()
}

/// The index that the names are walked along.
fn names(query: &CustomerQuery) -> &'static str {
    match query.status {
        // The planner takes a partial index only where its condition stands in the statement.
        Some(CustomerStatus::Archived) => "INDEXED BY customers_archived WHERE status = 'archived' AND",
        _ => "INDEXED BY customers_name WHERE",
    }
}

/// A page without a needle: along the names.
fn listed(connection: &Connection, vendor: VendorId, query: &CustomerQuery) -> Result<Vec<CustomerRow>> {
    let (name, id) = query.after.clone().map_or_else(Key::default, |(name, id)| (name, blob(id.as_uuid())));
    let status = query.status.map(CustomerStatus::as_str);
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut params: Vec<&dyn rusqlite::ToSql> = vec![];
    let vendor = blob(vendor.as_uuid());
    params.extend([&vendor as &dyn rusqlite::ToSql, &name, &id, &limit]);
    let mut sql = format!(
        "SELECT {} FROM customers {} vendor_id = ?1 AND (name_folded, id) > (?2, ?3)",
        row::CUSTOMER,
        names(query)
    );
    if status.is_some() {
        params.push(&status);
        sql.push_str(" AND status = ?5");
    }
    // A name never holds white space, and stored names stand between spaces.
    let features: Vec<String> = query.features.iter().map(|feature| format!(" {feature} ")).collect();
    for feature in &features {
        params.push(feature);
        sql.push_str(&format!(" AND instr(features, ?{}) > 0", params.len()));
    }
    sql.push_str(" ORDER BY name_folded, id LIMIT ?4");
    connection.prepare_cached(&sql)?.query_map(params.as_slice(), row::customer)?.collect()
}

struct Search<'a> {
    connection: &'a Connection,
    orders: &'a Orders,
    vendor: VendorId,
    query: &'a CustomerQuery,
    /// The page begins after this key.
    after: Key,
}

impl Search<'_> {
    fn page(&self) -> Result<Vec<CustomerRow>> {
        let numbers = Numbers::of(self.connection, self.vendor)?;
        let mut walk = self.walk_statement()?;
        let mut walk = Walk { search: self, rows: self.walk_rows(&mut walk)?, found: Vec::new() };
        match question(&self.query.needle) {
            Question::Match { narrow, wide } => {
                let mut statement = self.match_statement()?;
                let mut rows = statement.query(params![narrow, numbers.first, numbers.last(), ALL])?;
                let mut named = Vec::new();
                for (take, steps) in TURNS {
                    if take_numbers(&mut rows, &mut named, take)? {
                        return self.sorted(named, numbers);
                    }
                    if walk.on(steps)? {
                        return Ok(walk.found);
                    }
                }
                drop(rows);
                let mut rows = statement.query(params![wide, numbers.first, numbers.last(), ALL])?;
                named.clear();
                take_numbers(&mut rows, &mut named, usize::MAX)?;
                self.sorted(named, numbers)
            }
            Question::Terms(first, last) => {
                for (_, steps) in TURNS {
                    if walk.on(steps)? {
                        return Ok(walk.found);
                    }
                }
                self.sorted(self.numbers_of_terms(&first, &last, numbers)?, numbers)
            }
            Question::Nothing => {
                walk.on(usize::MAX)?;
                Ok(walk.found)
            }
        }
    }

    fn match_statement(&self) -> Result<CachedStatement<'_>> {
        self.connection.prepare_cached(
            "SELECT rowid FROM search_index WHERE search_index MATCH ?1 AND rowid BETWEEN ?2 AND ?3 LIMIT ?4",
        )
    }

    /// The numbers whose texts hold a trigram of this range.
    fn numbers_of_terms(&self, first: &str, last: &str, numbers: Numbers) -> Result<Vec<i64>> {
        let sql = "SELECT doc FROM search_terms WHERE term >= ?1 AND term <= ?2 LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![first, last, ALL])?;
        let mut named = Vec::new();
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            if (numbers.first..numbers.next).contains(&number) {
                named.push(number);
            }
        }
        named.sort_unstable();
        named.dedup();
        Ok(named)
    }

    /// Every customer after the cursor in the order of the names, whether it has the needle, and nothing that is not in
    /// the index of names unless name and external id do not have it.
    fn walk_statement(&self) -> Result<CachedStatement<'_>> {
        self.connection.prepare_cached(&format!(
            "SELECT id, CASE WHEN instr(name_folded, ?4) > 0 OR instr(external_id_folded, ?4) > 0 THEN 1
                 ELSE EXISTS (SELECT 1 FROM members AS m
                              JOIN users AS u ON u.vendor_id = m.vendor_id AND u.id = m.user_id
                              WHERE m.vendor_id = customers.vendor_id AND m.place_id = customers.id
                                AND instr(u.email_folded, ?4) > 0) END
             FROM customers {} vendor_id = ?1 AND (name_folded, id) > (?2, ?3) {}
             ORDER BY name_folded, id LIMIT ?5",
            names(self.query),
            if self.query.status == Some(CustomerStatus::Active) { "AND status = 'active'" } else { "" },
        ))
    }

    fn walk_rows<'a>(&self, statement: &'a mut CachedStatement<'_>) -> Result<Rows<'a>> {
        let (name, id) = &self.after;
        statement.query(params![blob(self.vendor.as_uuid()), name, id, self.query.needle, ALL])
    }

    /// A page out of what the index names.
    fn sorted(&self, named: Vec<i64>, numbers: Numbers) -> Result<Vec<CustomerRow>> {
        let mut order = None;
        if named.len() > FEW {
            let unplaced = |order: Option<&Order>| {
                named.iter().filter(|number| order.is_none_or(|order| order.place(**number).is_none())).count()
            };
            order = self.orders.get(self.connection, self.vendor, numbers, unplaced)?;
        }
        let mut candidates = Candidates::new(self)?;
        match order {
            Some(order) => candidates.place(named, &order)?,
            None => candidates.read(named)?,
        }
        let mut page = Vec::new();
        let mut last = None;
        while page.len() < self.query.limit
            && let Some(id) = candidates.next()?
        {
            // A customer is named once for each of its texts.
            if last != Some(id)
                && let Some(row) = self.customer(id)?
                && self.has_needle(&row)?
            {
                page.push(row);
            }
            last = Some(id);
        }
        Ok(page)
    }

    /// The customer with this id, if it passes the filter, the needle excepted.
    fn customer(&self, id: [u8; 16]) -> Result<Option<CustomerRow>> {
        let sql = format!("SELECT {} FROM customers WHERE vendor_id = ?1 AND id = ?2", row::CUSTOMER);
        let key = params![blob(self.vendor.as_uuid()), id];
        let row = self.connection.prepare_cached(&sql)?.query_row(key, row::customer).optional()?;
        Ok(row.filter(|row| {
            self.query.status.is_none_or(|status| status == row.status)
                && self.query.features.iter().all(|feature| row.features.contains(feature))
        }))
    }

    /// The exact test.
    fn has_needle(&self, row: &CustomerRow) -> Result<bool> {
        let has = |text: &str| text.contains(&self.query.needle);
        if has(&row.name_folded) || row.external_id_folded.as_deref().is_some_and(has) {
            return Ok(true);
        }
        let sql = "SELECT 1 FROM members AS m JOIN users AS u ON u.vendor_id = m.vendor_id AND u.id = m.user_id
                   WHERE m.vendor_id = ?1 AND m.place_id = ?2 AND instr(u.email_folded, ?3) > 0 LIMIT 1";
        let key = params![blob(self.vendor.as_uuid()), blob(row.id.as_uuid()), self.query.needle];
        self.connection.prepare_cached(sql)?.exists(key)
    }
}

/// Takes numbers until there are `most`; whether there are no more.
fn take_numbers(rows: &mut Rows<'_>, named: &mut Vec<i64>, most: usize) -> Result<bool> {
    while named.len() < most {
        match rows.next()? {
            Some(row) => named.push(row.get(0)?),
            None => return Ok(true),
        }
    }
    Ok(false)
}

/// A walk along the names, and what it found.
struct Walk<'a> {
    search: &'a Search<'a>,
    rows: Rows<'a>,
    found: Vec<CustomerRow>,
}

impl Walk<'_> {
    /// Walks on past so many customers; whether the page is complete.
    fn on(&mut self, steps: usize) -> Result<bool> {
        for _ in 0..steps {
            if self.found.len() >= self.search.query.limit {
                return Ok(true);
            }
            let Some(row) = self.rows.next()? else { return Ok(true) };
            if row.get(1)?
                && let Some(row) = self.search.customer(row.get(0)?)?
            {
                self.found.push(row);
            }
        }
        Ok(self.found.len() >= self.search.query.limit)
    }
}

/// Customers that may match, in the order of the list, some sorted by their places, the others by their names.
struct Candidates<'a> {
    search: &'a Search<'a>,
    placed: BinaryHeap<Reverse<(u32, i64)>>,
    /// The first of `placed`, once its name was read.
    head: Option<Key>,
    read: BinaryHeap<Reverse<Key>>,
    customer: RefCell<CachedStatement<'a>>,
    member: RefCell<CachedStatement<'a>>,
}

impl<'a> Candidates<'a> {
    fn new(search: &'a Search<'a>) -> Result<Self> {
        let customer = "SELECT name_folded, customer_id FROM search_customers WHERE number = ?1";
        let member = "SELECT c.name_folded, c.customer_id FROM search_members AS m
                      JOIN search_customers AS c ON c.number = m.customer WHERE m.number = ?1";
        Ok(Self {
            search,
            placed: BinaryHeap::new(),
            head: None,
            read: BinaryHeap::new(),
            customer: RefCell::new(search.connection.prepare_cached(customer)?),
            member: RefCell::new(search.connection.prepare_cached(member)?),
        })
    }

    /// The key of the customer that a number belongs to, if it is behind the cursor.
    fn key(&self, number: i64) -> Result<Option<Key>> {
        let statement = if number % 2 == 0 { &self.customer } else { &self.member };
        let mut statement = statement.borrow_mut();
        let mut rows = statement.query([number])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (name, id): (&str, [u8; 16]) = (row.get_ref(0)?.as_str()?, row.get(1)?);
        let after = &self.search.after;
        Ok(if (name, id) > (after.0.as_str(), after.1) { Some((name.to_owned(), id)) } else { None })
    }

    /// Reads the names of these.
    fn read(&mut self, named: Vec<i64>) -> Result<()> {
        let mut keys = Vec::with_capacity(named.len());
        for number in named {
            keys.extend(self.key(number)?.map(Reverse));
        }
        self.read = keys.into();
        Ok(())
    }

    /// Sorts these by their places; reads the names of those that have none.
    fn place(&mut self, named: Vec<i64>, order: &Order) -> Result<()> {
        let first = self.first_place(order)?;
        let mut unplaced = Vec::new();
        let mut placed = Vec::with_capacity(named.len());
        for number in named {
            match order.place(number) {
                Some(place) if place >= first => placed.push(Reverse((place, number))),
                Some(_) => {}
                None => unplaced.push(number),
            }
        }
        self.placed = placed.into();
        self.read(unplaced)
    }

    /// The place of the first customer behind the cursor, or one before it.
    fn first_place(&self, order: &Order) -> Result<u32> {
        let (name, id) = &self.search.after;
        let sql = "SELECT number FROM customers INDEXED BY customers_name
                   WHERE vendor_id = ?1 AND (name_folded, id) > (?2, ?3) ORDER BY name_folded, id LIMIT ?4";
        let mut statement = self.search.connection.prepare_cached(sql)?;
        // The customers that come first may be newer than the order.
        let limit = 100;
        let mut rows = statement.query(params![blob(self.search.vendor.as_uuid()), name, id, limit])?;
        while let Some(row) = rows.next()? {
            if let Some(place) = order.place(row.get(0)?) {
                return Ok(place);
            }
        }
        Ok(0)
    }

    /// The id of the next.
    fn next(&mut self) -> Result<Option<[u8; 16]>> {
        while self.head.is_none()
            && let Some(Reverse((place, number))) = self.placed.pop()
        {
            self.head = self.key(number)?;
            // Its other texts are at the same place.
            while self.placed.peek().is_some_and(|Reverse(other)| other.0 == place) {
                self.placed.pop();
            }
        }
        let from_read = match (&self.head, self.read.peek()) {
            (Some(head), Some(Reverse(read))) => read < head,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let next = if from_read { self.read.pop().map(|Reverse(key)| key) } else { self.head.take() };
        Ok(next.map(|(_, id)| id))
    }
}

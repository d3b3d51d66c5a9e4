//! How a page of the filter is found.
//!
//! Two ways lead to a page. The *index* names all that may match, whose names are then read and sorted: short when few
//! match. A *walk* along the names tests one customer after another: short when many match, unless they all sort last. So
//! the index is asked first, for a few; from how close together they are follows how long a walk is worth a try; then the
//! index names the rest, and the [order](super::order) sorts them without reading their names.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Rows, ToSql, params};
use tenantry_core::ids::VendorId;
use tenantry_core::store::{CustomerQuery, CustomerRow, CustomerStatus};

use super::grams::{Question, question};
use super::order::{Numbers, Order, Orders};
use crate::row::{self, blob};

/// How much of one way is tried before the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// So many are read and sorted without a thought of another way.
    pub(super) few: usize,
    /// From so many on a trigram is not rare.
    pub(super) sample: usize,
    /// How many steps a walk is given at least; where the index says nothing beforehand, that many.
    pub(super) steps: usize,
}

impl Effort {
    const USUAL: Self = Self { few: 500, sample: 64, steps: 1_000 };
}

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
    search(connection, orders, vendor, query, Effort::USUAL)
}

/// The same, with this effort.
pub(super) fn search(
    connection: &Connection,
    orders: &Orders,
    vendor: VendorId,
    query: &CustomerQuery,
    effort: Effort,
) -> Result<Vec<CustomerRow>> {
    if query.needle.is_empty() {
        return listed(connection, vendor, query);
    }
    // One moment for all statements.
    let moment = connection.unchecked_transaction()?;
    let after = query.after.clone().map_or_else(Key::default, |(name, id)| (name, blob(id.as_uuid())));
    let search = Search { connection: &moment, orders, vendor, query, after, effort };
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

/// What the index of names is asked beside the name; the features are the parameters from `first` on.
fn rest(query: &CustomerQuery, first: usize) -> String {
    let mut rest = String::new();
    if query.status == Some(CustomerStatus::Active) {
        rest.push_str(" AND status = 'active'");
    }
    for (number, _) in (first..).zip(&query.features) {
        rest.push_str(&format!(" AND instr(features, ?{number}) > 0"));
    }
    rest
}

/// The features as a stored set has them: a name never holds white space, and stored ones stand between spaces.
fn features(query: &CustomerQuery) -> Vec<String> {
    query.features.iter().map(|feature| format!(" {feature} ")).collect()
}

/// A page without a needle: along the names.
fn listed(connection: &Connection, vendor: VendorId, query: &CustomerQuery) -> Result<Vec<CustomerRow>> {
    let (name, id) = query.after.clone().map_or_else(Key::default, |(name, id)| (name, blob(id.as_uuid())));
    let (vendor, limit) = (blob(vendor.as_uuid()), i64::try_from(query.limit).unwrap_or(i64::MAX));
    let features = features(query);
    let mut params: Vec<&dyn ToSql> = vec![&vendor, &name, &id, &limit];
    params.extend(features.iter().map(|feature| feature as &dyn ToSql));
    let page = format!(
        "FROM customers {} vendor_id = ?1 AND (name_folded, id) > (?2, ?3){} ORDER BY name_folded, id LIMIT ?4",
        names(query),
        rest(query, 5)
    );
    let sql = if features.is_empty() {
        format!("SELECT {} {page}", row::CUSTOMER)
    } else {
        // The page is complete before its customers are read. With a `+` they are not looked for along the names.
        format!(
            "SELECT {} FROM customers WHERE vendor_id = ?1 AND id IN (SELECT id {page}) ORDER BY +name_folded, id LIMIT ?4",
            row::CUSTOMER
        )
    };
    connection.prepare_cached(&sql)?.query_map(params.as_slice(), row::customer)?.collect()
}

struct Search<'a> {
    connection: &'a Connection,
    orders: &'a Orders,
    vendor: VendorId,
    query: &'a CustomerQuery,
    /// The page begins after this key.
    after: Key,
    effort: Effort,
}

impl Search<'_> {
    fn page(&self) -> Result<Vec<CustomerRow>> {
        let numbers = Numbers::read(self.connection, self.vendor)?;
        match question(&self.query.needle) {
            Question::Trigrams(trigrams) => match self.rarest(&trigrams, numbers)?.as_slice() {
                [] => Ok(Vec::new()),
                rarest => self.with_trigrams(rarest, numbers),
            },
            Question::Terms(first, last) => self.with_terms(&first, &last, numbers),
            Question::Nothing => {
                let mut statement = self.walk_statement(true)?;
                let mut walk = self.walk(&mut statement, HashSet::new())?;
                walk.on(usize::MAX)?;
                Ok(walk.found)
            }
        }
    }

    /// The page of a needle that holds these trigrams, the rarest first.
    fn with_trigrams(&self, rarest: &[(usize, &str)], numbers: Numbers) -> Result<Vec<CustomerRow>> {
        let mut statement = self.match_statement()?;
        let (first, last) = numbers.all();
        let mut named = Vec::new();
        let mut rows = statement.query(params![all_of(rarest), first, last, ALL])?;
        if take_numbers(&mut rows, &mut named, self.effort.few)? {
            return self.sorted(named, numbers);
        }
        drop(rows);
        let likely = numbers.likely(&named);
        let has_order = self.orders.has(self.vendor);
        let by_email = self.few_by_email(rarest, numbers)?;
        let mut walk_statement = self.walk_statement(by_email.is_none())?;
        // A step takes as long as to name and sort four numbers with the order or one without; with a look at the members
        // four times as long. A quarter of what would then be left to do is worth a try.
        let steps = likely / if has_order { 16 } else { 4 } / if by_email.is_none() { 4 } else { 1 };
        let mut walk = self.walk(&mut walk_statement, by_email.unwrap_or_default())?;
        if walk.on(steps.max(self.effort.steps))? {
            return Ok(walk.found);
        }
        // Where texts need not be read to be sorted, it is quicker to ask for one trigram and to leave some to the test.
        let only = rarest.get(..1).filter(|only| has_order && only.iter().all(|(count, _)| *count / 4 < likely));
        let mut rows = statement.query(params![all_of(only.unwrap_or(rarest)), first, last, ALL])?;
        named.clear();
        take_numbers(&mut rows, &mut named, usize::MAX)?;
        self.sorted(named, numbers)
    }

    /// The page of a needle that all texts with a trigram of this range hold.
    fn with_terms(&self, first: &str, last: &str, numbers: Numbers) -> Result<Vec<CustomerRow>> {
        let mut walk_statement = self.walk_statement(true)?;
        let mut walk = self.walk(&mut walk_statement, HashSet::new())?;
        if walk.on(self.effort.steps)? {
            return Ok(walk.found);
        }
        let sql = "SELECT doc FROM search_terms WHERE term >= ?1 AND term <= ?2 LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![first, last, ALL])?;
        let mut named = Vec::new();
        // To be named takes a tenth of the time of a step.
        if !take_numbers(&mut rows, &mut named, self.effort.steps.saturating_mul(10))? {
            if walk.on(self.effort.steps.saturating_mul(10))? {
                return Ok(walk.found);
            }
            take_numbers(&mut rows, &mut named, usize::MAX)?;
        }
        let own = numbers.all();
        named.retain(|number| (own.0..=own.1).contains(number));
        named.sort_unstable();
        named.dedup();
        self.sorted(named, numbers)
    }

    /// The customers whose members' e-mails have the needle, if few have these trigrams.
    fn few_by_email(&self, rarest: &[(usize, &str)], numbers: Numbers) -> Result<Option<HashSet<[u8; 16]>>> {
        let mut statement = self.match_statement()?;
        let (first, last) = numbers.of_members();
        let mut rows = statement.query(params![all_of(rarest), first, last, ALL])?;
        let mut named = Vec::new();
        if !take_numbers(&mut rows, &mut named, self.effort.few)? {
            return Ok(None);
        }
        let keys = Keys::new(self, numbers)?;
        let mut customers = HashSet::new();
        for number in named {
            customers.extend(keys.read(number)?.map(|(_, id)| id));
        }
        Ok(Some(customers))
    }

    fn match_statement(&self) -> Result<CachedStatement<'_>> {
        self.connection.prepare_cached(
            "SELECT rowid FROM search_index WHERE search_index MATCH ?1 AND rowid BETWEEN ?2 AND ?3 LIMIT ?4",
        )
    }

    /// The rarest of the trigrams, up to three, and how many texts likely hold each; none if one of all is nowhere.
    fn rarest<'t>(&self, trigrams: &'t [String], numbers: Numbers) -> Result<Vec<(usize, &'t str)>> {
        let mut statement = self.match_statement()?;
        let (first, last) = numbers.all();
        let mut sampled = Vec::new();
        for trigram in trigrams {
            let mut rows = statement.query(params![trigram, first, last, ALL])?;
            let mut named = Vec::new();
            let is_all = take_numbers(&mut rows, &mut named, self.effort.sample)?;
            if named.is_empty() {
                return Ok(Vec::new());
            }
            let likely = if is_all { named.len() } else { numbers.likely(&named) };
            sampled.push((likely, trigram.as_str()));
            // To look for a rarer one would take longer than to read these.
            if likely < self.effort.few {
                break;
            }
        }
        sampled.sort_unstable();
        // To test for one that many texts hold takes longer than to read what it would leave out.
        let telling = sampled.iter().take(3).take_while(|(likely, _)| *likely < numbers.len() / 8).count();
        sampled.truncate(telling.max(1));
        Ok(sampled)
    }

    /// Every customer after the cursor in the order of the names, and whether it has the needle: tested on what stands in
    /// the index of names, and on the members' e-mails only if told to.
    fn walk_statement(&self, with_members: bool) -> Result<CachedStatement<'_>> {
        let members = "EXISTS (SELECT 1 FROM members AS m
                                JOIN users AS u ON u.vendor_id = m.vendor_id AND u.id = m.user_id
                                WHERE m.vendor_id = customers.vendor_id AND m.place_id = customers.id
                                  AND instr(u.email_folded, ?4) > 0)";
        self.connection.prepare_cached(&format!(
            "SELECT id, instr(name_folded, ?4) > 0 OR coalesce(instr(external_id_folded, ?4), 0) > 0 {}
             FROM customers {} vendor_id = ?1 AND (name_folded, id) > (?2, ?3){}
             ORDER BY name_folded, id LIMIT ?5",
            if with_members { format!("OR {members}") } else { String::new() },
            names(self.query),
            rest(self.query, 6),
        ))
    }

    fn walk<'a>(&'a self, statement: &'a mut CachedStatement<'_>, by_email: HashSet<[u8; 16]>) -> Result<Walk<'a>> {
        let (name, id) = &self.after;
        let (vendor, features) = (blob(self.vendor.as_uuid()), features(self.query));
        let mut params: Vec<&dyn ToSql> = vec![&vendor, name, id, &self.query.needle, &ALL];
        params.extend(features.iter().map(|feature| feature as &dyn ToSql));
        let rows = statement.query(params.as_slice())?;
        Ok(Walk { search: self, rows, by_email, found: Vec::new() })
    }

    /// A page out of what the index names.
    fn sorted(&self, named: Vec<i64>, numbers: Numbers) -> Result<Vec<CustomerRow>> {
        let order = if named.len() < self.effort.few {
            None
        } else {
            self.orders.get(self.connection, self.vendor, numbers, |order| {
                named.iter().filter(|number| order.is_none_or(|order| order.place(**number).is_none())).count()
            })?
        };
        let mut candidates = Candidates::new(self, numbers)?;
        match order {
            Some(order) => candidates.place(named, &order)?,
            None => candidates.read_all(named)?,
        }
        let mut page = Vec::new();
        let mut last = None;
        while page.len() < self.query.limit
            && let Some(id) = candidates.next()?
        {
            // A customer is named once for each of its texts.
            if last != Some(id)
                && let Some(row) = self.customer(id)?
            {
                page.push(row);
            }
            last = Some(id);
        }
        Ok(page)
    }

    /// The customer with this id, if it passes the rest of the filter.
    fn customer(&self, id: [u8; 16]) -> Result<Option<CustomerRow>> {
        let sql = format!("SELECT {} FROM customers WHERE vendor_id = ?1 AND id = ?2", row::CUSTOMER);
        let key = params![blob(self.vendor.as_uuid()), id];
        let row = self.connection.prepare_cached(&sql)?.query_row(key, row::customer).optional()?;
        Ok(row.filter(|row| {
            self.query.status.is_none_or(|status| status == row.status)
                && self.query.features.iter().all(|feature| row.features.contains(feature))
        }))
    }
}

/// The expression of FTS5 for texts that hold all of these.
fn all_of(trigrams: &[(usize, &str)]) -> String {
    let quoted: Vec<&str> = trigrams.iter().map(|(_, quoted)| *quoted).collect();
    quoted.join(" AND ")
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
    /// The customers that match by an e-mail, where the statement does not look at the members.
    by_email: HashSet<[u8; 16]>,
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
            let id = row.get(0)?;
            if (row.get(1)? || self.by_email.contains(&id))
                && let Some(row) = self.search.customer(id)?
            {
                self.found.push(row);
            }
        }
        Ok(self.found.len() >= self.search.query.limit)
    }
}

/// Reads where the customer stands that a number belongs to.
struct Keys<'a> {
    numbers: Numbers,
    customer: RefCell<CachedStatement<'a>>,
    member: RefCell<CachedStatement<'a>>,
    search: &'a Search<'a>,
}

impl<'a> Keys<'a> {
    fn new(search: &'a Search<'a>, numbers: Numbers) -> Result<Self> {
        let customer = "SELECT customer_id, name_folded, name_folded, external_id_folded
                        FROM search_customers WHERE number = ?1";
        let member = "SELECT c.customer_id, c.name_folded, m.email_folded, NULL FROM search_members AS m
                      JOIN search_customers AS c ON c.number = m.customer WHERE m.number = ?1";
        Ok(Self {
            numbers,
            customer: RefCell::new(search.connection.prepare_cached(customer)?),
            member: RefCell::new(search.connection.prepare_cached(member)?),
            search,
        })
    }

    /// The key, if the text of the number holds the needle, which is the exact test, and if it is behind the cursor.
    fn read(&self, number: i64) -> Result<Option<Key>> {
        let statement = if self.numbers.is_member(number) { &self.member } else { &self.customer };
        let mut statement = statement.borrow_mut();
        let mut rows = statement.query([number])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let has = |column| -> Result<bool> {
            let text = row.get_ref(column)?.as_str_or_null()?;
            Ok(text.is_some_and(|text| text.contains(&self.search.query.needle)))
        };
        if !has(2)? && !has(3)? {
            return Ok(None);
        }
        let (id, name): ([u8; 16], &str) = (row.get(0)?, row.get_ref(1)?.as_str()?);
        let after = &self.search.after;
        Ok(if (name, id) > (after.0.as_str(), after.1) { Some((name.to_owned(), id)) } else { None })
    }
}

/// The customers that match, in the order of the list, some sorted by their places, the others by their names; one that
/// matches with several texts comes several times in a row.
struct Candidates<'a> {
    search: &'a Search<'a>,
    keys: Keys<'a>,
    placed: BinaryHeap<Reverse<(u32, u32)>>,
    /// The first of `placed`, once its name was read.
    head: Option<Key>,
    named: BinaryHeap<Reverse<Key>>,
}

impl<'a> Candidates<'a> {
    fn new(search: &'a Search<'a>, numbers: Numbers) -> Result<Self> {
        let keys = Keys::new(search, numbers)?;
        Ok(Self { search, keys, placed: BinaryHeap::new(), head: None, named: BinaryHeap::new() })
    }

    /// Reads the names of these.
    fn read_all(&mut self, numbers: Vec<i64>) -> Result<()> {
        let mut keys = Vec::with_capacity(numbers.len());
        for number in numbers {
            keys.extend(self.keys.read(number)?.map(Reverse));
        }
        self.named = keys.into();
        Ok(())
    }

    /// Sorts these by their places; reads the names of those that have none.
    fn place(&mut self, numbers: Vec<i64>, order: &Order) -> Result<()> {
        let first = self.first_place(order)?;
        let moved = order.moved(self.search.connection)?;
        let mut unplaced = Vec::new();
        let mut placed = Vec::with_capacity(numbers.len());
        for number in numbers {
            match order.place(number).filter(|_| moved.is_empty() || !moved.contains(&number)) {
                Some(place) if place >= first => placed.push(Reverse((place, self.keys.numbers.short(number)))),
                Some(_) => {}
                None => unplaced.push(number),
            }
        }
        self.placed = placed.into();
        self.read_all(unplaced)
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
            && let Some(Reverse((_, number))) = self.placed.pop()
        {
            self.head = self.keys.read(self.keys.numbers.long(number))?;
        }
        let from_named = match (&self.head, self.named.peek()) {
            (Some(head), Some(Reverse(named))) => named < head,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let next = if from_named { self.named.pop().map(|Reverse(key)| key) } else { self.head.take() };
        Ok(next.map(|(_, id)| id))
    }
}

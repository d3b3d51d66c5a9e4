//! The places of numbers in the order of names, remembered.
//!
//! A needle that very many texts hold may have all its matches at the end of the names. Then neither a walk along the
//! names is short, nor are there few matches whose names could be read. With the places at hand the matches are brought
//! into order without reading them.
//!
//! The place of a customer's number among others never changes, so what is remembered is never wrong. It lacks the numbers
//! that were given out later; when too many of them turned up, it is made anew. A member's place is that of the customer,
//! who has another number after a new name: those members are [found](Order::moved) among the latest.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Result, params};
use tenantry_core::ids::VendorId;

use super::MEMBERS;
use crate::row::blob;

/// For how many numbers places are remembered at most, of all vendors together: 16 MiB.
const MOST: usize = 4 << 20;

/// No place.
const UNKNOWN: u32 = u32::MAX;

/// The places of a vendor's numbers.
#[derive(Debug)]
pub(super) struct Order {
    first: i64,
    places: Vec<u32>,
}

impl Order {
    /// The place of this number, a member's is that of its customer; `None` if it is newer than what is remembered.
    /// Members who [moved](Self::moved) have another one by now.
    pub(super) fn place(&self, number: i64) -> Option<u32> {
        let index = usize::try_from((number - self.first) % MEMBERS).ok()?;
        self.places.get(index).copied().filter(|place| *place != UNKNOWN)
    }

    /// The members whose customers have numbers that are not remembered.
    pub(super) fn moved(&self, connection: &Connection) -> Result<HashSet<i64>> {
        let known = i64::try_from(self.places.len()).unwrap_or(i64::MAX);
        let sql = "SELECT number FROM search_members WHERE customer BETWEEN ?1 AND ?2 ORDER BY customer LIMIT ?3";
        let limit = i64::try_from(MOST).unwrap_or(i64::MAX);
        let params = params![self.first.saturating_add(known), self.first + MEMBERS - 1, limit];
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_map(params, |row| row.get(0))?.collect()
    }

    fn set(&mut self, number: i64, place: u32) {
        if let Ok(index) = usize::try_from((number - self.first) % MEMBERS)
            && let Some(slot) = self.places.get_mut(index)
        {
            *slot = place;
        }
    }

    /// Reads the places from the moment that the connection sees.
    fn read(connection: &Connection, vendor: VendorId, numbers: Numbers) -> Result<Self> {
        let mut order = Self { first: numbers.first, places: vec![UNKNOWN; numbers.len()] };
        let limit = i64::try_from(MOST).unwrap_or(i64::MAX);
        let sql = "SELECT number FROM customers INDEXED BY customers_name WHERE vendor_id = ?1
                   ORDER BY name_folded, id LIMIT ?2";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![blob(vendor.as_uuid()), limit])?;
        let mut next = 0;
        while let Some(row) = rows.next()? {
            order.set(row.get(0)?, next);
            next += 1;
        }
        let sql = "SELECT number, customer FROM search_members WHERE number BETWEEN ?1 AND ?2 ORDER BY number LIMIT ?3";
        let mut statement = connection.prepare_cached(sql)?;
        let (first, last) = numbers.of_members();
        let mut rows = statement.query(params![first, last, limit])?;
        while let Some(row) = rows.next()? {
            if let Some(place) = order.place(row.get(1)?) {
                order.set(row.get(0)?, place);
            }
        }
        Ok(order)
    }
}

/// The numbers that a vendor has given out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    first: i64,
    next: i64,
}

impl Numbers {
    pub(super) fn read(connection: &Connection, vendor: VendorId) -> Result<Self> {
        let sql = "SELECT first, next FROM search_numbers WHERE vendor_id = ?1";
        let numbers = connection
            .prepare_cached(sql)?
            .query_row([blob(vendor.as_uuid())], |row| Ok(Self { first: row.get(0)?, next: row.get(1)? }));
        Ok(numbers.optional()?.unwrap_or(Self { first: 0, next: 0 }))
    }

    /// The first and the last that a customer or member may have.
    pub(super) fn all(self) -> (i64, i64) {
        (self.first, self.of_members().1)
    }

    /// The first and the last that a member may have.
    pub(super) fn of_members(self) -> (i64, i64) {
        (self.first + MEMBERS, self.first + MEMBERS + self.next - 1)
    }

    pub(super) fn is_member(self, number: i64) -> bool {
        number >= self.first + MEMBERS
    }

    /// How many there are.
    pub(super) fn len(self) -> usize {
        usize::try_from(self.next).unwrap_or(0)
    }

    /// How many are named in all, likely, when these are the first of them: as if the rest were as close together.
    pub(super) fn likely(self, named: &[i64]) -> usize {
        let count = |number: i64| usize::try_from((number - self.first) % MEMBERS).unwrap_or(0);
        // Where members are among them, these are the better sample: there are no more customers.
        let members = named.partition_point(|number| !self.is_member(*number));
        let sample = named.get(members..).filter(|sample| sample.len() > 1).unwrap_or(named);
        match (sample.first(), sample.last()) {
            (Some(first), Some(last)) => {
                let span = (count(*last) + 1).saturating_sub(count(*first)).max(1);
                named.len().max(sample.len() * self.len().saturating_sub(count(*first)) / span)
            }
            _ => 0,
        }
    }

    /// A number in half the room, as long as there are no more than an order remembers.
    pub(super) fn short(self, number: i64) -> u32 {
        let count = u32::try_from((number - self.first) % MEMBERS).unwrap_or(u32::MAX);
        count << 1 | u32::from(self.is_member(number))
    }

    /// The number that was made [short](Self::short).
    pub(super) fn long(self, short: u32) -> i64 {
        self.first + i64::from(short >> 1) + if short & 1 == 1 { MEMBERS } else { 0 }
    }
}

/// The orders of vendors, and how much was read for want of one.
#[derive(Debug)]
pub(crate) struct Orders {
    /// For so few texts none is made.
    few: usize,
    vendors: Mutex<HashMap<VendorId, Remembered>>,
}

impl Default for Orders {
    fn default() -> Self {
        Self::new(100)
    }
}

#[derive(Debug, Default)]
struct Remembered {
    order: Option<Arc<Order>>,
    /// How many texts were read because they had no place since it was made.
    read: usize,
}

impl Orders {
    pub(super) fn new(few: usize) -> Self {
        Self { few, vendors: Mutex::default() }
    }

    /// Whether there is one for this vendor.
    pub(super) fn has(&self, vendor: VendorId) -> bool {
        self.lock().get(&vendor).is_some_and(|remembered| remembered.order.is_some())
    }

    /// What is remembered of a vendor's numbers, and read anew when it is worth it; `lacking` says how many texts have to
    /// be read for want of a place.
    ///
    /// To make it costs about as much as reading the texts of an eighth of the numbers. So it is made once as many were
    /// read: all readers together spend at most twice what they would if they knew what comes.
    pub(super) fn get(
        &self,
        connection: &Connection,
        vendor: VendorId,
        numbers: Numbers,
        lacking: impl Fn(Option<&Order>) -> usize,
    ) -> Result<Option<Arc<Order>>> {
        let found = self.lock().entry(vendor).or_default().order.clone();
        let lacking = lacking(found.as_deref());
        let read = {
            let mut all = self.lock();
            let remembered = all.entry(vendor).or_default();
            remembered.read = remembered.read.saturating_add(lacking);
            remembered.read
        };
        if lacking < self.few || read < numbers.len() / 8 || numbers.len() > MOST {
            return Ok(found);
        }
        // Without the lock: others answer meanwhile with what there is.
        let made = Arc::new(Order::read(connection, vendor, numbers)?);
        let mut all = self.lock();
        let others: usize = all.values().filter_map(|other| other.order.as_ref()).map(|order| order.places.len()).sum();
        if others + made.places.len() > MOST {
            all.clear();
        }
        all.insert(vendor, Remembered { order: Some(Arc::clone(&made)), read: 0 });
        Ok(Some(made))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<VendorId, Remembered>> {
        // A panic while the lock is held leaves the map whole.
        self.vendors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

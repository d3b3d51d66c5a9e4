//! Whether the index says what the rows say.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use rusqlite::{Connection, ErrorCode, Result};

use super::closed;

/// What differs, in words; without the texts, which are personal. In a transaction: whoever writes meanwhile would tell them
/// apart.
pub(crate) fn check(connection: &Connection) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (sql, what) in [
        (
            "/* reads all */ SELECT count(*) FROM customers AS c LEFT JOIN search_customers AS s ON s.number = c.number
             WHERE s.customer_id IS NOT c.id OR s.name_folded IS NOT c.name_folded
                OR s.external_id_folded IS NOT c.external_id_folded",
            "customers are not in the search index as they are",
        ),
        (
            "/* reads all */ SELECT count(*) FROM members AS m
             JOIN users AS u ON u.vendor_id = m.vendor_id AND u.id = m.user_id
             LEFT JOIN customers AS c ON c.vendor_id = m.vendor_id AND c.id = m.place_id
             LEFT JOIN search_members AS s ON s.number = m.number
             WHERE s.customer IS NOT c.number OR s.email_folded IS NOT iif(c.number IS NULL, NULL, u.email_folded)",
            "members are not in the search index as they are",
        ),
        (
            "/* reads all */ SELECT max(0, (SELECT count(*) FROM search_customers) - (SELECT count(*) FROM customers))",
            "rows of the search index belong to no customer",
        ),
        (
            "/* reads all */ SELECT max(0, (SELECT count(*) FROM search_members)
                 - (SELECT count(*) FROM members WHERE place_id <> vendor_id))",
            "rows of the search index belong to no member",
        ),
    ] {
        let count: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        if count > 0 {
            wrong.push(format!("{count} {what}"));
        }
    }
    match found(connection) {
        Ok(found) if found == expected(connection)? => {}
        Ok(_) => wrong.push("the trigrams of the search index are not those of its texts".to_owned()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            wrong.push(format!("the search index is damaged: {error}"));
        }
        Err(error) => return Err(error),
    }
    Ok(wrong)
}

/// How many pairs of a number and a trigram, and the sum of their hashes: the same for the same set in whatever order,
/// in constant memory.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pairs {
    count: u64,
    sum: u64,
}

impl Pairs {
    fn add(&mut self, number: i64, trigram: &str) {
        let mut hash = DefaultHasher::new();
        (number, trigram).hash(&mut hash);
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(hash.finish());
    }

    fn add_texts(&mut self, number: i64, texts: &[&str]) {
        let mut trigrams: Vec<String> = texts.iter().flat_map(|text| trigrams(text)).collect();
        trigrams.sort_unstable();
        trigrams.dedup();
        trigrams.iter().for_each(|trigram| self.add(number, trigram));
    }
}

/// The trigrams of a text as FTS5 makes them.
fn trigrams(text: &str) -> Vec<String> {
    let seen = closed(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    let seen: Vec<char> = seen.chars().filter(|character| *character != '\0').collect();
    seen.windows(3).map(|trigram| trigram.iter().collect()).collect()
}

fn expected(connection: &Connection) -> Result<Pairs> {
    let mut pairs = Pairs::default();
    let sql = "/* reads all */ SELECT number, name_folded, external_id_folded FROM search_customers";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        match row.get::<_, Option<String>>(2)? {
            Some(external_id) => pairs.add_texts(row.get(0)?, &[&name, &external_id]),
            None => pairs.add_texts(row.get(0)?, &[&name]),
        }
    }
    let sql = "/* reads all */ SELECT number, email_folded FROM search_members";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        pairs.add_texts(row.get(0)?, &[&row.get::<_, String>(1)?]);
    }
    Ok(pairs)
}

fn found(connection: &Connection) -> Result<Pairs> {
    let mut pairs = Pairs::default();
    let mut statement = connection.prepare_cached("/* reads all */ SELECT doc, term FROM search_terms")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        pairs.add(row.get(0)?, row.get_ref(1)?.as_str()?);
    }
    Ok(pairs)
}

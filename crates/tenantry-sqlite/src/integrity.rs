//! What is physically wrong with a file: the database's own checks, and counts that differ from what they count.

use rusqlite::{Connection, Result};

use crate::search;

pub(crate) fn check(connection: &Connection) -> Result<Vec<String>> {
    // One moment of the file: what is compared must not be written in between.
    let moment = connection.unchecked_transaction()?;
    let wrong = at(&moment)?;
    moment.finish()?;
    Ok(wrong)
}

fn at(connection: &Connection) -> Result<Vec<String>> {
    // First: the check of FTS5 itself goes by what the connection remembers of the index, and only a query looks whether
    // that is still so.
    let of_index = search::check(connection)?;
    let mut wrong: Vec<String> = strings(connection, "PRAGMA integrity_check")?;
    wrong.retain(|line| line != "ok");
    let foreign = strings(connection, "SELECT \"table\" FROM pragma_foreign_key_check")?;
    wrong.extend(foreign.into_iter().map(|table| format!("a row of `{table}` refers to one that is missing")));
    let counts = strings(
        connection,
        "/* reads all */ SELECT lower(hex(c.id)) FROM customers AS c
         WHERE c.members <> (SELECT count(*) FROM members AS m WHERE m.vendor_id = c.vendor_id AND m.place_id = c.id)
            OR c.secrets <> (SELECT count(*) FROM secrets AS s WHERE s.vendor_id = c.vendor_id AND s.place_id = c.id)",
    )?;
    wrong.extend(counts.into_iter().map(|id| format!("counts of customer `cus_{id}`")));
    wrong.extend(of_index);
    Ok(wrong)
}

fn strings(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

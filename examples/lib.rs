//! What the example programs share with their tests: reading customers from a CSV file.
#![forbid(unsafe_code)]

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};
use tenantry::NewCustomer;

const HEADER: [&str; 2] = ["external_id", "name"];

/// The rows of a CSV file with the header `external_id,name`; a row that cannot be read is an `Err` with the reason.
///
/// The rows are read as they are asked for, so a file of any size takes little memory.
///
/// # Errors
///
/// When the header cannot be read, or is another one.
pub fn customers_from_csv(file: impl Read) -> Result<impl Iterator<Item = Result<NewCustomer, String>>, String> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
    let header = reader.byte_headers().map_err(|error| error.to_string())?;
    if !header.iter().eq(HEADER.iter().map(|name| name.as_bytes())) {
        let found: Vec<_> = header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        return Err(format!("the header is `{}`, not `{}`", found.join(",").escape_debug(), HEADER.join(",")));
    }
    Ok(reader.into_byte_records().map(|record| match record {
        Ok(record) => customer(&record),
        Err(error) => Err(error.to_string()),
    }))
}

fn customer(record: &ByteRecord) -> Result<NewCustomer, String> {
    let mut fields = record.iter().map(|field| str::from_utf8(field).map_err(|_| "is not UTF-8".to_owned()));
    let (Some(external_id), Some(name), None) = (fields.next(), fields.next(), fields.next()) else {
        return Err(format!("has {} fields, not 2", record.len()));
    };
    let (external_id, name) = (external_id?, name?);
    if external_id.contains('\n') || name.contains('\n') {
        return Err("has a line break inside a field: perhaps a quote is not closed".to_owned());
    }
    let customer = NewCustomer::new(name);
    // An empty field is a missing one; the import refuses the row.
    Ok(if external_id.trim().is_empty() { customer } else { customer.external_id(external_id) })
}

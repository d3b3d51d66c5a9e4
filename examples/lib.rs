//! What the example programs share with their tests: reading customers from a CSV file.
#![forbid(unsafe_code)]

use std::io::{BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};
use tenantry::NewCustomer;

const HEADER: [&str; 2] = ["external_id", "name"];
/// How many bytes a line may have: far more than two fields of 200 characters need.
const LINE_LIMIT: usize = 16 * 1024;

/// The rows of a CSV file with the header `external_id,name`; a row that cannot be read is an `Err` with the reason.
///
/// A row is a line: names have no line breaks, so a quote that is not closed spoils its own row and no other. Empty lines
/// are no rows. The lines are read as they are asked for, so a file of any size takes little memory.
///
/// # Errors
///
/// When the header cannot be read, or is another one.
pub fn customers_from_csv(file: impl Read) -> Result<impl Iterator<Item = Result<NewCustomer, String>>, String> {
    let mut lines = Lines(BufReader::new(file)).filter(|line| !matches!(line, Ok(line) if line.is_empty()));
    let header = lines.next().ok_or("the file is empty")??;
    let fields = fields(header.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&header))?;
    if !fields.iter().eq(HEADER.iter().map(|name| name.as_bytes())) {
        let found: Vec<_> = fields.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        return Err(format!("the header is `{}`, not `{}`", found.join(",").escape_debug(), HEADER.join(",")));
    }
    Ok(lines.map(|line| customer(&fields_of(line)?)))
}

fn fields_of(line: Result<Vec<u8>, String>) -> Result<ByteRecord, String> {
    fields(&line?)
}

/// The lines of a file, without their ends.
struct Lines<R>(R);

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Vec<u8>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX);
        match self.0.by_ref().take(limit).read_until(b'\n', &mut line) {
            Err(error) => return Some(Err(error.to_string())),
            Ok(0) => return None,
            Ok(_) => {}
        }
        if line.len() >= LINE_LIMIT && !line.ends_with(b"\n") {
            return Some(
                self.0
                    .skip_until(b'\n')
                    .map_err(|error| error.to_string())
                    .and_then(|_| Err(format!("is longer than {LINE_LIMIT} bytes"))),
            );
        }
        while line.pop_if(|byte| matches!(byte, b'\n' | b'\r')).is_some() {}
        Some(Ok(line))
    }
}

fn fields(line: &[u8]) -> Result<ByteRecord, String> {
    if line.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return Err("has a quote that is not closed".to_owned());
    }
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).map_err(|error| error.to_string())?;
    Ok(record)
}

fn customer(record: &ByteRecord) -> Result<NewCustomer, String> {
    let mut fields = record.iter().map(|field| str::from_utf8(field).map_err(|_| "is not UTF-8".to_owned()));
    let (Some(external_id), Some(name), None) = (fields.next(), fields.next(), fields.next()) else {
        return Err(format!("has {} instead of 2 fields", record.len()));
    };
    let (external_id, name) = (external_id?, name?);
    let customer = NewCustomer::new(name);
    // An empty field is a missing one; the import refuses the row.
    Ok(if external_id.trim().is_empty() { customer } else { customer.external_id(external_id) })
}

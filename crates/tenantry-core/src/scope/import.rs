//! Bulk creation of customers (C8).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::customers::ValidCustomer;
use crate::access::{Access, Operation, operations};
use crate::call::{Call, Caller};
use crate::error::Error;
use crate::ids::CustomerId;
use crate::model::{ImportOutcome, ImportSummary, ImportedRow, NewCustomer};
use crate::store::Check;
use crate::unit::{Change, Unit};

/// How long a batch should take, its decision included. Other writers wait for its commit, and shall not for more than
/// 50 ms, also where a disk or a processor is slow for a moment.
const AIM: Duration = Duration::from_millis(15);
/// How many rows share one commit at first, at least and at most. From a few hundred on there is nothing left to gain.
const FIRST: usize = 50;
const FEWEST: usize = 20;
const MOST: usize = 1_000;

/// How many rows the next batch has, by how long the last one took: that depends on the disk and on the size of the store.
struct Pace(usize);

impl Pace {
    fn took(&mut self, rows: usize, time: Duration) {
        let fitting = AIM.as_micros().saturating_mul(rows as u128) / time.as_micros().max(1);
        // One slow batch is no reason to crawl, and one fast batch less to jump: others wait for the next.
        let near = usize::try_from(fitting).unwrap_or(MOST).clamp(self.0 / 2, self.0 + self.0.div_ceil(2));
        self.0 = near.clamp(FEWEST, MOST);
    }
}

pub(super) fn import<R, P>(access: &Access, mut rows: R, mut report: P) -> Call<ImportSummary>
where
    R: Iterator<Item = Result<NewCustomer, String>> + Send + 'static,
    P: FnMut(ImportedRow) + Send + 'static,
{
    let own = access.clone();
    access.call(&operations::CUSTOMERS_IMPORT, move |caller| async move {
        // Also an empty input is refused to those who may not.
        own.authorise(&operations::CUSTOMERS_IMPORT).await?;
        let mut summary = ImportSummary::default();
        let mut pace = Pace(FIRST);
        loop {
            let batch: Vec<_> = rows.by_ref().take(pace.0).collect();
            if batch.is_empty() {
                return Ok(summary);
            }
            let (size, begin) = (batch.len(), Instant::now());
            let outcomes = import_batch(&own, batch, caller).await?;
            pace.took(size, begin.elapsed());
            for outcome in outcomes {
                summary.rows += 1;
                match outcome {
                    ImportOutcome::Created(_) => summary.created += 1,
                    ImportOutcome::Skipped => summary.skipped += 1,
                    ImportOutcome::Refused(_) => summary.refused += 1,
                }
                report(ImportedRow { row: summary.rows, outcome });
            }
        }
    })
}

/// Decides each row of a batch and creates the customers among them in one commit.
async fn import_batch(
    access: &Access,
    batch: Vec<Result<NewCustomer, String>>,
    caller: Caller,
) -> Result<Vec<ImportOutcome>, Error> {
    let valid: Vec<_> = batch.into_iter().map(valid_row).collect();
    let wanted: Vec<_> = valid.iter().filter_map(|row| row.as_ref().ok()).cloned().collect();
    let mut created = access.commit(&CreateAll { wanted }, caller).await?.into_iter();
    let outcome = |row: Result<ImportRow, Error>| match row {
        Err(reason) => ImportOutcome::Refused(reason),
        Ok(_) => created.next().flatten().map_or(ImportOutcome::Skipped, ImportOutcome::Created),
    };
    Ok(valid.into_iter().map(outcome).collect())
}

/// A row that follows the rules and has an external id.
#[derive(Clone)]
struct ImportRow {
    customer: ValidCustomer,
    external_id: String,
}

fn valid_row(row: Result<NewCustomer, String>) -> Result<ImportRow, Error> {
    let new = row.map_err(|reason| Error::invalid("row", reason))?;
    let customer = ValidCustomer::new(&new)?;
    let external_id = customer.external_id.clone();
    let external_id = external_id.ok_or_else(|| Error::invalid("external id", "is missing"))?;
    Ok(ImportRow { customer, external_id })
}

/// Creates every customer whose external id is free.
struct CreateAll {
    wanted: Vec<ImportRow>,
}

impl Change for CreateAll {
    /// For each row the customer made, `None` when its external id exists.
    type Answer = Vec<Option<CustomerId>>;

    fn operation(&self) -> &'static Operation {
        &operations::CUSTOMERS_IMPORT
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Self::Answer, Error> {
        let vendor = unit.vendor();
        let mut answers = Vec::with_capacity(self.wanted.len());
        let mut seen = BTreeSet::new();
        for ImportRow { customer, external_id } in &self.wanted {
            let new = seen.insert(external_id.as_str())
                && unit.store().customer_by_external_id(vendor, external_id).await?.is_none();
            if !new {
                answers.push(None);
                continue;
            }
            let row = unit.insert_customer(customer.clone())?;
            let external_id = external_id.clone();
            // Taken since it was looked up: decide anew, and it is skipped.
            unit.expect(Check::ExternalIdUnique { vendor, external_id, customer: row.id });
            answers.push(Some(row.id));
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c8_a_batch_is_as_large_as_fits_into_its_time() {
        let mut pace = Pace(FIRST);
        let time = |rows: usize, row| Duration::from_micros(row) * u32::try_from(rows).unwrap();
        // 50 us a row: 300 rows in 15 ms.
        for _ in 0..10 {
            let rows = pace.0;
            pace.took(rows, time(rows, 50));
        }
        assert_eq!(pace.0, 300);
        pace.took(300, Duration::from_secs(3));
        assert_eq!(pace.0, 150, "one slow batch");
        for _ in 0..10 {
            pace.took(pace.0, Duration::from_secs(3));
        }
        assert_eq!(pace.0, FEWEST);
        for _ in 0..20 {
            pace.took(pace.0, Duration::ZERO);
        }
        assert_eq!(pace.0, MOST);
    }

    /// However fast a row is, and however much slower or faster the rows become.
    #[test]
    fn c8_batches_that_take_too_long_are_halved_until_they_fit() {
        const ROW: [u64; 6] = [5, 20, 50, 120, 300, 700];
        for before in ROW {
            for after in ROW {
                let (mut pace, mut too_long) = (Pace(FIRST), 0);
                for batch in 0..60 {
                    let row = if batch < 30 { before } else { after };
                    let time = Duration::from_micros(row) * u32::try_from(pace.0).unwrap();
                    // As long as the first ones, which are small, do.
                    let fits = (AIM * 3 / 2).max(Duration::from_micros(row) * u32::try_from(FIRST).unwrap());
                    too_long += usize::from(time > fits && batch > 30);
                    pace.took(pace.0, time);
                }
                // Each halves the next one.
                let halvings = (after / before).max(1).ilog2() as usize;
                assert!(too_long <= halvings, "{before} us a row, then {after}: {too_long}");
            }
        }
    }
}

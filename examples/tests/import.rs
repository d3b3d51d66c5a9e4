//! Whatever stands in a CSV file, each row gets its outcome, or the file one clear error.

#[cfg(test)]
mod import {
    use std::sync::{Arc, Mutex};

    use tenantry::{Catalog, CustomerFilter, ImportOutcome, ImportSummary, Tenantry};
    use tenantry_examples::customers_from_csv;

    /// What became of each row, in words.
    fn import(csv: &[u8]) -> (Vec<String>, ImportSummary) {
        let app = Tenantry::builder(Catalog::standard()).open_in_memory().wait().unwrap();
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&outcomes);
        let rows: Vec<_> = customers_from_csv(csv).unwrap().collect();
        let summary = vendor.customers().import(rows, move |row| {
            let outcome = match row.outcome {
                ImportOutcome::Created(_) => "created".to_owned(),
                ImportOutcome::Skipped => "skipped".to_owned(),
                ImportOutcome::Refused(error) => error.to_string(),
                other => panic!("{other:?}"),
            };
            seen.lock().unwrap().push(outcome);
        });
        let summary = summary.wait().unwrap();
        let outcomes = outcomes.lock().unwrap().clone();
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        let customers = vendor.customers().list(CustomerFilter::new().page_size(1_000)).wait().unwrap();
        assert_eq!(customers.items.len() as u64, summary.created);
        (outcomes, summary)
    }

    #[test]
    fn c8_a_bad_row_gets_its_reason_and_never_stops_the_others() {
        let long = "x".repeat(201);
        let csv = format!(
            "external_id,name\n1,One\n2,\n3,{long}\n4,a\u{7}b\n,Five\n6\n7,Seven,more\n1,Again\n\" 1 \",Spaces\n8,\" Ä\u{a0}\"\n"
        );
        let mut csv = csv.into_bytes();
        csv.extend_from_slice(b"9,\xff\xfe\n10,Ten\n11,\"broken\n12,Twelve\n");
        let (outcomes, summary) = import(&csv);
        assert_eq!(
            outcomes,
            [
                "created",
                "name: is empty",
                "name: has 201 characters, 200 are the most",
                "name: has a control character",
                "external id: is missing",
                "row: has 1 instead of 2 fields",
                "row: has 3 instead of 2 fields",
                "skipped",
                "skipped",
                "created",
                "row: is not UTF-8",
                "created",
                "row: has a quote that is not closed",
                "created",
            ]
        );
        assert_eq!((summary.rows, summary.created, summary.skipped, summary.refused), (14, 4, 2, 8));
    }

    #[test]
    fn a_wrong_header_is_one_clear_error() {
        for (csv, expected) in [
            ("name,external_id\nA,1\n", "the header is `name,external_id`, not `external_id,name`"),
            ("", "the file is empty"),
            ("\u{1b}[31m\n", "the header is `\\u{1b}[31m`, not `external_id,name`"),
        ] {
            assert_eq!(customers_from_csv(csv.as_bytes()).err().unwrap(), expected);
        }
        assert!(customers_from_csv(b"\xff\xff,\xfe\n".as_slice()).is_err());
    }

    #[test]
    fn an_endless_line_is_refused_and_the_next_is_read() {
        let csv = format!("\u{feff}external_id,name\r\n1,{}\r\n\r\n2,Two\r\n", "x".repeat(100_000));
        let (outcomes, _) = import(csv.as_bytes());
        assert_eq!(outcomes, ["row: is longer than 16384 bytes", "created"]);
    }

    #[test]
    fn c8_a_repeated_run_creates_nothing_new() {
        let csv = b"external_id,name\n1,One\n2,Two\n".as_slice();
        let app = Tenantry::builder(Catalog::standard()).open_in_memory().wait().unwrap();
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        for (created, skipped) in [(2, 0), (0, 2)] {
            let rows: Vec<_> = customers_from_csv(csv).unwrap().collect();
            let summary = vendor.customers().import(rows, |_| ()).wait().unwrap();
            assert_eq!((summary.created, summary.skipped), (created, skipped));
        }
    }
}

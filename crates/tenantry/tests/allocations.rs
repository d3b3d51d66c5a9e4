//! How often a decision asks for memory. A host decides with every request, so this must not grow unseen.

#[cfg(test)]
mod allocations {
    use allocation_counter::measure;
    use tenantry::{Catalog, NewCustomer, Sqlite, Tenantry, VendorScope};

    /// A vendor's scope on a store in a file.
    fn staff(folder: &tempfile::TempDir) -> VendorScope {
        let file = Sqlite::file(folder.path().join("customers.db"));
        let app = Tenantry::builder(Catalog::standard()).open(file).wait().unwrap();
        app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap()
    }

    #[test]
    fn a_decision_of_a_snapshot_takes_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let staff = staff(&folder);
        let customer = staff.customers().create(NewCustomer::new("Globex")).wait().unwrap();
        let snapshot = staff.customer(customer.id).snapshot().wait().unwrap();
        let taken = measure(|| {
            assert!(snapshot.can("deployments.edit").unwrap());
            assert!(snapshot.can("secrets.view").unwrap());
        });
        assert_eq!(taken.count_total, 0);
    }

    #[test]
    fn an_up_to_date_decision_takes_a_handful_of_blocks_and_keeps_none() {
        const BLOCKS: u64 = 20;
        let folder = tempfile::tempdir().unwrap();
        let staff = staff(&folder);
        let customer = staff.customers().create(NewCustomer::new("Globex")).wait().unwrap();
        let scope = staff.customer(customer.id);
        // Opens a connection, and prepares the statement.
        assert!(scope.can("deployments.edit").wait().unwrap());
        let one = measure(|| assert!(scope.can("deployments.edit").wait().unwrap()));
        assert!((1..=BLOCKS).contains(&one.count_total), "{one:?}");
        let hundred = measure(|| (0..100).for_each(|_| assert!(scope.can("deployments.edit").wait().unwrap())));
        assert_eq!((hundred.count_total, hundred.count_current), (100 * one.count_total, 0), "{hundred:?}");
    }
}

//! One API for blocking and awaiting callers: every call works both ways, and on any executor.

#[cfg(test)]
mod calls {
    use std::future::{Future, IntoFuture};
    use std::pin::pin;
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll, Waker};

    use futures_lite::future::block_on;
    use tenantry_core::{
        AuditQuery, Call, Catalog, CustomerFilter, ImportedRow, NewCustomer, PageRequest, Role, RootKey, Tenantry,
        VerifiedEmail,
    };
    use tenantry_sqlite::Sqlite;

    fn open(path: &std::path::Path) -> Call<Tenantry> {
        Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([1; 32])).open(Sqlite::file(path))
    }

    #[test]
    fn an_awaited_call_does_what_a_waited_for_call_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        block_on(async {
            let app = open(&path).await.unwrap();
            let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").await.unwrap();
            let id = vendor.customers().create(NewCustomer::new("Globex").external_id("1")).await.unwrap().id;
            let scope = vendor.customer(id);
            let invited = scope.members().invite("Hank", "hank@globex.test", Role::User).await.unwrap();
            app.accept_invitation(&invited.token, VerifiedEmail::new("hank@globex.test")).await.unwrap();
            scope.secrets().set("K", "v").await.unwrap();
            let values = app.service(scope.place(), "deployer", "test").resolve(["K"]).await.unwrap();
            assert_eq!(values[0].value.expose(), "v");
            let rows = (0..1_200).map(|row| Ok(NewCustomer::new("Row").external_id(row.to_string())));
            let summary = vendor.customers().import(rows, |_| ()).await.unwrap();
            assert_eq!((summary.rows, summary.created, summary.skipped), (1_200, 1_199, 1));
            let page = vendor.customers().list(CustomerFilter::new().text("GLOB")).await.unwrap();
            assert_eq!(page.items, vendor.customers().list(CustomerFilter::new().text("glob")).wait().unwrap().items);
            assert_eq!(scope.members().list(PageRequest::first()).await.unwrap().items.len(), 1);
            assert!(!vendor.audit().follow(AuditQuery::new()).await.unwrap().items.is_empty());
            assert_eq!(app.maintenance("test").verify(Vec::new()).await.unwrap(), []);
            app.maintenance("test").close().await.unwrap();
        });
    }

    #[test]
    fn nothing_happens_before_the_first_poll() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path).wait().unwrap();
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        drop(vendor.customers().create(NewCustomer::new("Never")));
        drop(vendor.customers().create(NewCustomer::new("Never")).into_future());
        assert!(vendor.customers().list(CustomerFilter::new()).wait().unwrap().items.is_empty());
    }

    #[test]
    fn dropping_a_call_after_its_commit_was_handed_over_does_not_cancel_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path).wait().unwrap();
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        {
            let mut running = pin!(vendor.customers().create(NewCustomer::new("Globex")).into_future());
            // Either it is done at once, or the commit is with a worker: reads never wait.
            let _: Poll<_> = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        while vendor.customers().list(CustomerFilter::new()).wait().unwrap().items.is_empty() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn c8_an_import_that_is_dropped_leaves_whole_batches_and_is_taken_up_again() {
        const ROWS: u64 = 3_000;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path).wait().unwrap();
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let rows = || (0..ROWS).map(|row| Ok(NewCustomer::new("Row").external_id(row.to_string())));
        let (pulled, reported) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        {
            let (pulled, reported) = (Arc::clone(&pulled), Arc::clone(&reported));
            let count = move |_: &_| {
                pulled.fetch_add(1, Relaxed);
            };
            let done = Arc::clone(&reported);
            let import = vendor.customers().import(rows().inspect(count), move |row| done.store(row.row, Relaxed));
            let mut import = pin!(import.into_future());
            while reported.load(Relaxed) == 0 {
                let _: Poll<_> = import.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
        }
        // Commits are in the order in which they were handed over: after this one nothing of the import waits.
        block_on(vendor.customers().create(NewCustomer::new("Last")).into_future()).unwrap();
        let summary = vendor.customers().import(rows(), |_| ()).wait().unwrap();
        let (pulled, reported) = (pulled.load(Relaxed), reported.load(Relaxed));
        assert!(pulled < ROWS, "the import was dropped in the middle");
        assert!([pulled, reported].contains(&summary.skipped), "{summary:?}, pulled {pulled}, reported {reported}");
        assert_eq!(summary.created, ROWS - summary.skipped);
        let summary = vendor.customers().import(rows(), |_| ()).wait().unwrap();
        assert_eq!((summary.created, summary.skipped), (0, ROWS), "a repeated run creates nothing new");
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
    }

    /// Others wait for one batch at most, so none is large, however fast the machine is, and the first, of which nothing is
    /// known, is small.
    #[test]
    fn c8_no_commit_of_an_import_is_large() {
        const ROWS: u64 = 4_000;
        let folder = tempfile::tempdir().unwrap();
        let app = open(&folder.path().join("store.db")).wait().unwrap();
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let pulled = Arc::new(AtomicU64::new(0));
        let pulls = Arc::clone(&pulled);
        let rows = (0..ROWS).map(move |row| {
            pulls.fetch_add(1, Relaxed);
            Ok(NewCustomer::new("Row").external_id(row.to_string()))
        });
        // A batch is reported when it is durable, and before the next one is pulled.
        let (batches, mut end) = (Arc::new(Mutex::new(Vec::new())), 0);
        let heard = Arc::clone(&batches);
        let report = move |row: ImportedRow| {
            if row.row > end {
                heard.lock().unwrap().push(pulled.load(Relaxed) - end);
                end = pulled.load(Relaxed);
            }
        };
        vendor.customers().import(rows, report).wait().unwrap();
        let batches = batches.lock().unwrap().clone();
        assert_eq!(batches.iter().sum::<u64>(), ROWS);
        assert!(batches[0] <= 50 && batches.iter().all(|rows| *rows <= 1_000), "{batches:?}");
        assert!(batches.windows(2).all(|pair| pair[1] <= pair[0] + pair[0].div_ceil(2)), "{batches:?}");
    }

    #[test]
    fn many_callers_of_both_kinds_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path).wait().unwrap();
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        std::thread::scope(|threads| {
            for thread in 0..8 {
                let vendor = &vendor;
                threads.spawn(move || {
                    for number in 0..20 {
                        let new = NewCustomer::new("Customer").external_id(format!("{thread}-{number}"));
                        let call = vendor.customers().create(new);
                        if thread % 2 == 0 {
                            call.wait().unwrap()
                        } else {
                            block_on(call.into_future()).unwrap()
                        };
                    }
                });
            }
        });
        let all = CustomerFilter::new().page_size(1_000);
        assert_eq!(vendor.customers().list(all).wait().unwrap().items.len(), 160);
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
    }
}

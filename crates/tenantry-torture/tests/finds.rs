//! The chamber finds the faults that it is for, and nothing where there is none.

#[cfg(test)]
mod finds {
    use std::path::Path;

    use tenantry::Sqlite;
    use tenantry_torture::guardless::WithoutGuards;
    use tenantry_torture::power::Lie;
    use tenantry_torture::{Setting, kill, power, race, work};

    fn setting() -> Setting {
        Setting { kills: 4, cuts: 60, stride: 16, rounds: 60, acceptances: 3, keep: false, ..Setting::small(1) }
    }

    #[test]
    fn a_commit_that_is_acknowledged_before_its_sync_is_found() {
        let report = power::run(&setting(), Lie::LogNotSynced).unwrap();
        assert!(report.lost > 0, "{report}");
    }

    #[test]
    fn a_disk_that_keeps_its_word_loses_nothing() {
        let report = power::run(&setting(), Lie::None).unwrap();
        assert!(report.is_clean() && report.power_cuts >= 60 && report.acknowledged > 0, "{report}");
    }

    #[test]
    fn a_guard_that_is_skipped_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("torture.db");
        let open = || work::builder(0).open(WithoutGuards(Sqlite::file(&path))).wait();
        let report = race::run_in_threads(&setting(), open).unwrap();
        assert!(report.violations + report.lost > 0, "{report}");
        // That one invitation is accepted by many is found by itself, too.
        assert!(report.findings.iter().any(|finding| finding.contains("accepted it")), "{:?}", report.findings);
    }

    #[test]
    fn with_its_guards_nothing_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("torture.db");
        let open = || work::builder(0).open(Sqlite::file(&path)).wait();
        let report = race::run_in_threads(&setting(), open).unwrap();
        assert!(report.is_clean() && report.acknowledged > 3, "{report}");
    }

    #[test]
    fn processes_that_are_killed_lose_nothing() {
        let report = kill::run(&setting(), Path::new(env!("CARGO_BIN_EXE_tenantry-torture"))).unwrap();
        assert!(report.is_clean() && report.kills >= 4 && report.acknowledged > 0, "{report}");
    }
}

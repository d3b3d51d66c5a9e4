//! The table of the README: every sentence has a test that is there.

const README: &str = include_str!("../../README.md");

fn source(module: &str) -> &'static str {
    match module {
        "access" => include_str!("access.rs"),
        "mail" => include_str!("mail.rs"),
        "story" => include_str!("story.rs"),
        other => panic!("the README names the module {other}"),
    }
}

/// The tests in a browser, file by file.
fn browser_source(file: &str) -> &'static str {
    match file {
        "access" => include_str!("../../browser/access.test.js"),
        "customers" => include_str!("../../browser/customers.test.js"),
        "features" => include_str!("../../browser/features.test.js"),
        "noscript" => include_str!("../../browser/noscript.test.js"),
        "secrets" => include_str!("../../browser/secrets.test.js"),
        "story" => include_str!("../../browser/story.test.js"),
        "users" => include_str!("../../browser/users.test.js"),
        other => panic!("the README names the file {other}"),
    }
}

#[test]
fn every_sentence_of_the_guide_names_tests_that_exist() {
    let table = README.split_once("| sentence | test | in a browser |").unwrap().1;
    let rows: Vec<_> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 35);
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [sentence, tests, in_a_browser] = cells[..] else { panic!("{row}") };
        let named: Vec<_> = tests.split('`').filter(|text| text.contains("::")).collect();
        assert!(!sentence.is_empty() && !named.is_empty(), "{row}");
        for test in named {
            let (module, name) = test.split_once("::").unwrap();
            assert!(source(module).contains(&format!("async fn {name}() {{")), "{test}");
        }
        let named: Vec<_> = in_a_browser.split('`').filter_map(|text| text.strip_prefix("browser/")).collect();
        assert!(!named.is_empty(), "{row}");
        for test in named {
            let (file, title) = test.split_once(": ").unwrap();
            assert!(browser_source(file).contains(&format!("\ntest(\"{title}\", ")), "{test}");
        }
    }
}

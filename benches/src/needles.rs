//! The 200 needles that the filter is measured with, the same in every run over so many customers.

use crate::population::{LAST, OFTEN, SELDOM, WITH_MEMBER, email, external_id, mixed, name};

/// A needle and its class.
pub(crate) type Needle = (&'static str, String);

/// All of them, class by class.
pub(crate) fn all(customers: u64) -> Vec<Needle> {
    let mut needles = Vec::new();
    let mut add = |class: &'static str, texts: Vec<String>| needles.extend(texts.into_iter().map(|text| (class, text)));
    let some = |index: u64| mixed(index) % customers;
    let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let parts = |word: &str, cuts: &[(usize, usize)]| {
        cuts.iter().map(|(skip, take)| word.chars().skip(*skip).take(*take).collect()).collect::<Vec<String>>()
    };

    let mut absent: Vec<String> = (0..12).map(|index| format!("qwx{}", mixed(index) % 100_000)).collect();
    // Whose trigrams are in many names.
    absent.extend(words(&[
        "logistics globex",
        "systems initech",
        "partners hooli",
        "zenithal acme",
        "consulting wayne",
        "energy stark",
        "motors zenithal",
        "bank consulting",
        "labs zenithal",
        "media umbrella",
        "trading tyrell",
        "foods oscorp",
        "holding bluth",
    ]));
    add("absent", absent);
    add("rare", (0..25).map(|index| name(some(index)).to_uppercase()).collect());
    let cuts = [(0, 99), (0, 6), (2, 5), (3, 99), (1, 4)];
    add("0.5 %", SELDOM.iter().flat_map(|word| parts(word, &cuts)).collect());
    let mut last = parts(
        LAST,
        &[(0, 99), (0, 7), (0, 6), (0, 5), (0, 4), (0, 3), (1, 99), (1, 5), (1, 4), (1, 3), (2, 99), (2, 5), (3, 99)],
    );
    last.extend(words(&[
        "zenithal ",
        "ZENITHAL S",
        "zenithal l",
        "zenithal b",
        "zenithal m",
        "zenithal t",
        "enithal p",
    ]));
    add("5 % at the end", last);
    let mut often = parts(OFTEN, &[(0, 99), (0, 9), (0, 8), (0, 7), (0, 6), (0, 5), (0, 4), (0, 3), (1, 99), (1, 8)]);
    often.extend(parts(OFTEN, &[(1, 6), (1, 4), (2, 99), (2, 6), (2, 4), (3, 99), (3, 5), (4, 99), (4, 4), (5, 99)]));
    add("12 %", often);
    let member = |index| email(some(index) / WITH_MEMBER * WITH_MEMBER);
    let mut emails: Vec<String> = (0..12).map(member).collect();
    emails.extend((0..8).map(|index| format!("@mail-{}.", mixed(index) % 997)));
    emails.extend(words(&["billing.", "hello.", "@mail", ".test", "ops."]));
    add("e-mail", emails);
    let mut external: Vec<String> = (0..15).map(|index| external_id(some(index))).collect();
    external.extend((0..6).map(|index| external_id(some(index)).chars().take(9).collect::<String>()));
    external.extend(words(&["CRM-", "rm-00", "000", "-0000"]));
    add("external id", external);
    let one = ["a", "e", "z", "q", "x", "7", "0", "Ä", "ß", "-", "@", ".", "j", "k", "é", "中", "w", "v", "y", " "];
    add("1 character", words(&one));
    let two = [
        "ze", "qx", "al", "är", "zz", "7k", "00", "12", "xy", "h ", "cr", "m-", "jw", "kr", "gw", "aa", "#1", "te",
        "th", "CO",
    ];
    add("2 characters", words(&two));
    needles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_200_and_their_classes_hold() {
        for customers in [5, 20_000] {
            assert_eq!(all(customers).len(), 200);
        }
        let customers = 20_000;
        let names: Vec<_> = (0..customers).map(|customer| name(customer).to_lowercase()).collect();
        let share = |needle: &str| {
            let needle = needle.to_lowercase();
            let count = names.iter().filter(|name| name.contains(&needle)).count();
            f64::from(u32::try_from(count).unwrap()) / 20_000.0
        };
        for (class, needle) in all(customers) {
            let share = share(&needle);
            match class {
                "absent" => assert!(share == 0.0, "{needle}"),
                "0.5 %" => assert!((0.003..0.008).contains(&share), "{needle}: {share}"),
                "12 %" => assert!((0.1..0.2).contains(&share), "{needle}: {share}"),
                "5 % at the end" => assert!((0.001..0.06).contains(&share), "{needle}: {share}"),
                _ => {}
            }
        }
    }
}

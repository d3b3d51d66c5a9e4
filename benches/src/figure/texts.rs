//! P10 and P11: secrets in texts, without a store.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;

use aho_corasick::AhoCorasick;
use tenantry::{Format, Redactor, SecretValue, Template};

use super::{Figure, Goal, by_turns, each};
use crate::Options;
use crate::world::World;

/// P10: read and render a template with 20 secrets, whose values are at hand.
pub(crate) fn render_20_secrets(_: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let values: BTreeMap<_, _> =
        (0..20).map(|number| (format!("KEY_{number}"), SecretValue::from(value(number).as_str()))).collect();
    let text: String = values.keys().map(|key| format!("{key}={{{{ .Secrets.{key} }}}}\n")).collect();
    let (ours, _) = by_turns(
        options.rounds,
        options.operations.saturating_mul(100),
        &mut each(|| {
            let template = Template::parse(black_box(&text))?;
            Ok(template.render(|key| values.get(key), Format::Env)?)
        }),
        &mut |_| Ok(()),
    )?;
    Ok(Figure::alone("P10", "render_20_secrets", ours, Goal::Seconds(50e-6)))
}

/// P11: take 100 secrets in all their forms out of a log. Floor: one pass that only finds the 100 values as they are.
pub(crate) fn redact_100_secrets(_: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let values: Vec<_> = (0..100).map(value).collect();
    let log = log(&values);
    let redactor = Redactor::new(values.iter().map(|value| (value.clone(), SecretValue::from(value.as_str()))))?;
    let plain = AhoCorasick::new(&values)?;
    let times = by_turns(
        options.rounds,
        options.operations.div_ceil(100),
        &mut each(|| Ok(redactor.redact(black_box(&log)))),
        &mut each(|| Ok(plain.find_iter(black_box(&log)).count())),
    )?;
    // At least half the throughput is at most twice the time.
    Ok(Figure::new("P11", "redact_100_secrets", times, Goal::Ratio(2.0)))
}

/// The secret with this number: 24 characters, as a generator of passwords makes them.
fn value(number: usize) -> String {
    let letters = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_!%";
    let mut state = number as u64 + 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = usize::try_from(state >> 33).unwrap_or(0) % letters.len();
        char::from(letters.get(index).copied().unwrap_or(b'x'))
    };
    (0..24).map(next).collect()
}

/// Four megabytes of lines, one in fifty with a secret in it.
fn log(values: &[String]) -> String {
    let mut text = String::new();
    for (line, value) in (0_usize..).zip(values.iter().cycle()) {
        if text.len() > 4 << 20 {
            break;
        }
        text.push_str(&format!(
            "2030-01-01T00:00:{:02}Z INFO app::http request id={line} path=/api/v1/orders",
            line % 60
        ));
        if line % 50 == 0 {
            text.push_str(&format!(" authorization=\"Bearer {value}\""));
        }
        text.push_str(" status=200 duration_ms=12\n");
    }
    text
}

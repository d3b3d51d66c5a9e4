//! What the templates promise, against Go's own answers, against a YAML parser, and against chance.

mod corpus;
mod limits;
mod random;
mod rules;
mod yaml;

use std::collections::BTreeMap;

use crate::vault::{Format, SecretValue, Template, TemplateError};

/// Secrets by their keys.
type Secrets = BTreeMap<String, SecretValue>;

fn secrets<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Secrets {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), SecretValue::from(value))).collect()
}

fn render(text: &str, secrets: &Secrets, format: Format) -> Result<String, TemplateError> {
    let template = Template::parse(text)?;
    Ok(template.render(|key| secrets.get(key), format)?.expose().to_owned())
}

/// Whether the long settings were asked for.
fn long() -> bool {
    std::env::var_os("TENANTRY_LONG").is_some()
}

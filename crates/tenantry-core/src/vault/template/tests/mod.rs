//! What the templates promise, against Go's own answers, against a YAML parser, and against chance.

mod corpus;

use std::collections::BTreeMap;

use crate::vault::{Format, SecretValue, Template, TemplateError};

/// Secrets by their keys.
type Secrets = BTreeMap<String, SecretValue>;

fn render(text: &str, secrets: &Secrets, format: Format) -> Result<String, TemplateError> {
    let template = Template::parse(text)?;
    Ok(template.render(|key| secrets.get(key), format)?.expose().to_owned())
}

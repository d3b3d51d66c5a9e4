#![allow(missing_docs)]
use super::SecretValue;
#[derive(Clone, Copy, Debug)]
pub enum Format {
    Plain,
}
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("x")]
pub struct TemplateError;
impl TemplateError {
    pub fn code(&self) -> &'static str {
        "template"
    }
}
pub struct Template;
impl Template {
    pub fn parse(_: &str) -> Result<Self, TemplateError> {
        Ok(Self)
    }
    pub fn references(&self) -> Vec<&str> {
        Vec::new()
    }
    pub fn check(_: &str, _: impl Fn(&str) -> bool) -> Vec<TemplateError> {
        Vec::new()
    }
    pub fn render<'v>(
        &self,
        _: impl Fn(&str) -> Option<&'v SecretValue>,
        _: Format,
    ) -> Result<SecretValue, TemplateError> {
        Ok("".into())
    }
}

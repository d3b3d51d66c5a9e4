//! No freed block of the heap still holds a secret after a template was rendered.

#[cfg(test)]
mod scanning;

use scanning::{found_in_freed, look_for};
use tenantry_core::{Format, SecretValue, Template};

/// What a freed block must not hold, also when it was escaped: none of these characters has an escape.
const SECRET: &str = "correct-horse-battery-staple";
const IN_BASE64: &str = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZ";

#[test]
fn s6_rendering_leaves_no_copy_of_a_value_behind() {
    look_for([SECRET, IN_BASE64].map(|planted| planted.as_bytes().to_vec()).to_vec());
    let secret = SecretValue::from(SECRET);
    for function in ["json", "yaml", "shell", "b64", "urlquery", "default \"\"", "or \"\"", "json | yaml | shell | b64"]
    {
        let action = format!("{{{{ .Secrets.A | {function} }}}}");
        let text =
            format!("a: \"{action}{{{{ with .Secrets.A | {function} }}}}{{{{ . }}}}{{{{ end }}}}\"\n").repeat(40);
        let found = found_in_freed(|| {
            let template = Template::parse(&text).unwrap();
            for format in [Format::Plain, Format::Env, Format::Yaml] {
                let output = template.render(|_| Some(&secret), format).unwrap();
                assert!(output.len() > SECRET.len());
            }
            // An error on the way, when much has been written already.
            let template = Template::parse(&format!("{text}{{{{ .Secrets.B }}}}")).unwrap();
            template.render(|key| (key == "A").then_some(&secret), Format::Plain).unwrap_err();
        });
        assert_eq!(found, 0, "{function}");
    }
    assert_eq!(found_in_freed(|| drop(secret)), 0);
}

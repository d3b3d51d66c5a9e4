//! What a mail says: a subject, a text and an HTML page, filled in for each invitation.

use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, Value, context};
use tenantry_core::InvitationMail;

const SUBJECT: &str = "subject";
const TEXT: &str = "invitation.txt";
/// Its ending says that what is filled in is escaped.
const HTML: &str = "invitation.html";

/// The templates of an invitation, in the syntax of Jinja ([minijinja](https://docs.rs/minijinja)).
///
/// They may use `vendor`, `customer` (none for an invitation into the vendor itself), `place` (the customer or else the
/// vendor), `name` of the person invited, `role`, `link`, `expires`, and the bare `token` for a link of another form. In HTML
/// they are escaped. The subject becomes one line.
///
/// ```
/// use tenantry_mail::Templates;
///
/// let templates = Templates::new()
///     .subject("{{ vendor }} lädt Sie ein")
///     .text("Guten Tag {{ name }},\n\nhier geht es zu {{ place }}: {{ link }}\n")
///     .html("<p>Guten Tag {{ name }}, hier geht es zu <a href=\"{{ link }}\">{{ place }}</a>.</p>");
/// ```
#[derive(Clone, Debug)]
pub struct Templates {
    subject: String,
    text: String,
    html: String,
}

impl Templates {
    /// Those that come with the crate, in English.
    pub fn new() -> Self {
        Self {
            subject: "You are invited to join {{ place }}".to_owned(),
            text: include_str!("templates/invitation.txt").to_owned(),
            html: include_str!("templates/invitation.html").to_owned(),
        }
    }

    /// With this subject.
    pub fn subject(mut self, template: impl Into<String>) -> Self {
        self.subject = template.into();
        self
    }

    /// With this text.
    pub fn text(mut self, template: impl Into<String>) -> Self {
        self.text = template.into();
        self
    }

    /// With this HTML.
    pub fn html(mut self, template: impl Into<String>) -> Self {
        self.html = template.into();
        self
    }

    /// Ready to be filled in; answers what is wrong with them.
    pub(crate) fn compile(self) -> Result<Compiled, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, source) in [(SUBJECT, self.subject), (TEXT, self.text), (HTML, self.html)] {
            environment.add_template_owned(name, source).map_err(|error| format!("{name}: {error}"))?;
        }
        let compiled = Compiled(Arc::new(environment));
        for customer in [None, Some("Globex")] {
            let filled = compiled.fill(sample(customer)).map_err(|(name, error)| format!("{name}: {error}"))?;
            for (name, text) in [(TEXT, filled.text), (HTML, filled.html)] {
                if !text.contains(SAMPLE) {
                    return Err(format!("{name}: has neither `link` nor `token`"));
                }
            }
        }
        Ok(compiled)
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

/// Stands for a token when templates are tried.
const SAMPLE: &str = "tny_inv_sample";

fn sample(customer: Option<&str>) -> Value {
    context! {
        vendor => "Acme",
        customer => customer,
        place => customer.unwrap_or("Acme"),
        name => "Hank",
        role => "user",
        link => SAMPLE,
        token => SAMPLE,
        expires => "1 January 2030, 00:00 UTC",
    }
}

/// Templates that were tried.
#[derive(Clone, Debug)]
pub(crate) struct Compiled(Arc<Environment<'static>>);

/// What the templates say of one invitation.
pub(crate) struct Filled {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Compiled {
    /// What they say of this invitation; which of them failed otherwise.
    pub(crate) fn of(&self, mail: &InvitationMail, link: &str) -> Result<Filled, &'static str> {
        let customer = mail.customer_name.as_deref();
        let values = context! {
            vendor => mail.vendor_name.as_str(),
            customer => customer,
            place => customer.unwrap_or(&mail.vendor_name),
            name => mail.name.as_str(),
            role => mail.role.as_str(),
            link => link,
            token => mail.token.expose(),
            expires => mail.expires_at.format("%-d %B %Y, %H:%M UTC").to_string(),
        };
        // The error itself may show what was filled in.
        self.fill(values).map_err(|(name, _)| name)
    }

    fn fill(&self, values: Value) -> Result<Filled, (&'static str, minijinja::Error)> {
        let render = |name: &'static str| {
            let template = self.0.get_template(name);
            template.and_then(|template| template.render(values.clone())).map_err(|error| (name, error))
        };
        let subject = render(SUBJECT)?;
        let subject = subject.split(char::is_control).collect::<Vec<_>>().join(" ").trim().to_owned();
        Ok(Filled { subject, text: render(TEXT)?, html: render(HTML)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tenantry_core::testing::invitation_mail;

    use super::*;

    fn fill(templates: Templates, name: &str, place: &str) -> Filled {
        let mail = invitation_mail(name, "hank@globex.test", "Acme", Some(place)).unwrap();
        templates.compile().unwrap().of(&mail, "https://x.test/#T").unwrap()
    }

    #[test]
    fn the_own_templates_say_who_invites_whom_where_to() {
        let mail = invitation_mail("Hank", "hank@globex.test", "Acme Software", Some("Globex")).unwrap();
        let Filled { subject, text, html } =
            Templates::new().compile().unwrap().of(&mail, "https://x.test/#T").unwrap();
        assert_eq!(subject, "You are invited to join Globex");
        for text in [&text, &html] {
            for part in ["Hank", "Globex", "Acme Software", "user", "1 January 2030, 00:00 UTC"] {
                assert!(text.contains(part), "{part} is missing in {text}");
            }
        }
        assert!(text.contains("\nhttps://x.test/#T\n"));
        let mail = invitation_mail("Hank", "hank@globex.test", "Acme Software", None).unwrap();
        let filled = Templates::new().compile().unwrap().of(&mail, "https://x.test/#T").unwrap();
        assert!(filled.subject == "You are invited to join Acme Software" && !filled.text.contains("none"));
    }

    #[test]
    fn a_template_that_cannot_be_filled_in_is_found_before_the_first_mail() {
        for (templates, part) in [
            (Templates::new().text("{{ linc }}"), "invitation.txt: undefined value"),
            (Templates::new().text("Hello {{ name }}"), "invitation.txt: has neither `link` nor `token`"),
            (Templates::new().html("<p>Hello</p>"), "invitation.html: has neither `link` nor `token`"),
            (Templates::new().html("{{ link"), "invitation.html: syntax error"),
            (Templates::new().subject("{% if %}"), "subject: syntax error"),
            // Only for one of both kinds of place.
            (Templates::new().subject("{% if customer %}{{ nobody }}{% endif %}"), "subject: undefined value"),
        ] {
            let error = templates.compile().unwrap_err();
            assert!(error.starts_with(part), "{error}");
        }
        let own = Templates::default().text("{{ token }}").html("https://x.test/?t={{ token }}");
        assert!(own.compile().is_ok());
    }

    proptest! {
        #[test]
        fn d5_no_name_becomes_html_and_no_subject_has_a_second_line(name in any::<String>(), place in any::<String>()) {
            let template = "<b>{{ name }}</b><i title=\"{{ place }}\">{{ link }}</i>";
            let subject = "{{ place }} {{ name }}";
            let filled = fill(Templates::new().html(template).subject(subject), &name, &place);
            prop_assert_eq!(filled.html.matches('<').count(), 4);
            prop_assert_eq!(filled.html.matches('"').count(), 2);
            prop_assert!(!filled.subject.contains(char::is_control));
        }
    }
}

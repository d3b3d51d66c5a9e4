//! The story of the document, page by page.

use axum::http::StatusCode;
use tenantry::PageRequest;

use crate::browser::{Answer, Browser, World};

/// The path that a link of the portal leads to.
fn path_of(world: &World, link: &str) -> String {
    link.strip_prefix(&world.portal.url).unwrap().to_owned()
}

/// Invites a person; answers the token of the link that is shown, and what the page says.
async fn invite(browser: &mut Browser, page: &str, name: &str, email: &str, role: &str) -> (String, String) {
    let answer = browser.submit(page, &[("name", name), ("email", email), ("role", role)]).await;
    (token_of(&answer), answer.text())
}

fn token_of(answer: &Answer) -> String {
    answer.quoted("id=\"invitation-link\" href=\"http://127.0.0.1:8080/invitation#").unwrap()
}

/// What the page behind the link says of an invitation.
async fn look(browser: &mut Browser, token: &str) -> Answer {
    browser.get("/invitation").await;
    browser.post("/invitation", &[("token", token)]).await
}

#[tokio::test]
async fn a_customer_is_created_and_its_first_user_is_an_administrator_who_invites_others() {
    let world = World::new().await;
    let mut ada = world.sign_in("ada@acme.test").await;
    let list = ada.submit("/customers", &[("name", " Ærø Shipping "), ("external_id", "crm-7")]).await;
    assert!(list.text().contains("Ærø Shipping was created"), "{}", list.text());
    let id = world.customer("Ærø Shipping").await;
    assert!(
        list.body.contains(&format!("/customers/{id}/users\""))
            && list.body.contains(&format!("/customers/{id}/secrets\""))
    );

    // The first is raised, and both the form and the answer say why.
    let users = format!("/customers/{id}/users");
    assert!(ada.get(&users).await.text().contains("The first user is always an Administrator"));
    let (token, said) = invite(&mut ada, &users, "Freja", "freja@aeroe.test", "viewer").await;
    assert!(said.contains("Freja is invited as Administrator. You asked for Viewer"), "{said}");
    assert!(ada.get(&users).await.text().contains("Administrator the first user is always an Administrator"));

    // A scanner that follows the link changes nothing; the person sees who invites, where to, and as what.
    let mut freja = world.browser();
    for _ in 0..3 {
        let text = look(&mut freja, &token).await.text();
        assert!(
            text.contains("Ada Lovelace invites you into Ærø Shipping, a customer of Acme Software as Administrator"),
            "{text}"
        );
        assert!(text.contains("freja@aeroe.test"));
    }
    let home = freja.submit("/invitation/accept", &[("token", &token)]).await;
    assert!(home.text().contains("Welcome! You are Administrator of Ærø Shipping"), "{}", home.text());
    assert_eq!(look(&mut world.browser(), &token).await.status, StatusCode::NOT_FOUND);

    // She adds a colleague, who has the role that was asked for.
    let own = format!("/portal/{id}/users");
    let (token, said) = invite(&mut freja, &own, "Bo", "bo@aeroe.test", "viewer").await;
    assert!(said.contains("Bo is invited as Viewer."), "{said}");
    let mut bo = world.browser();
    assert!(look(&mut bo, &token).await.text().contains("Freja invites you"));
    let home = bo.submit("/invitation/accept", &[("token", &token)]).await;
    let sections = ["Home", "Deployments", "Artifacts", "Licenses", "Secrets", "Access Tokens"];
    for section in sections {
        assert!(home.body.contains(&format!(">{section}</a>")), "{section}");
    }
    assert!(!home.body.contains(">Users</a>") && !home.body.contains(">Alerts</a>"));
}

#[tokio::test]
async fn an_invitation_can_be_declined_and_withdrawn_and_sent_again() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let users = format!("/customers/{globex}/users");
    let mut ada = world.sign_in("ada@acme.test").await;
    let (token, _) = invite(&mut ada, &users, "Nina", "nina@globex.test", "user").await;
    let mut nina = world.browser();
    // Without scripts, the whole link is pasted.
    let link = format!("http://127.0.0.1:8080/invitation#{token}");
    assert_eq!(look(&mut nina, &link).await.status, StatusCode::OK);
    let answer = nina.submit("/invitation/decline", &[("token", &token)]).await;
    assert!(answer.text().contains("is declined"), "{}", answer.text());
    assert_eq!(look(&mut nina, &token).await.status, StatusCode::NOT_FOUND);
    assert_eq!(look(&mut nina, "nonsense").await.status, StatusCode::NOT_FOUND);

    let (first, _) = invite(&mut ada, &users, "Nils", "nils@globex.test", "user").await;
    let again = ada.post(&users, &[("name", "Nils"), ("email", "NILS@globex.test"), ("role", "user")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text().contains("invited already"));
    // Nothing typed is lost.
    assert!(
        again.body.contains("value=\"NILS@globex.test\"") && again.body.contains("aria-describedby=\"email-problem\"")
    );
    let invitations = world.ada().await.customer(globex).invitations().list(PageRequest::first()).await.unwrap().items;
    let id = invitations.last().unwrap().id;
    let answer = ada.submit(&format!("/customers/{globex}/invitations/{id}/resend"), &[]).await;
    let second = token_of(&answer);
    assert_eq!(look(&mut nina, &first).await.status, StatusCode::NOT_FOUND);
    assert_eq!(look(&mut nina, &second).await.status, StatusCode::OK);
    ada.submit(&format!("/customers/{globex}/invitations/{id}/revoke"), &[]).await;
    assert_eq!(look(&mut nina, &second).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn u8_u9_refusals_are_told_in_plain_words_in_the_row_of_the_member() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let members = world.ada().await.customer(globex).members().list(PageRequest::first()).await.unwrap().items;
    let hank = &members[0];
    let on = format!("/customers/{globex}/users/{}", hank.id);
    let mut ada = world.sign_in("ada@acme.test").await;
    for (action, fields) in [("remove", vec![]), ("suspend", vec![]), ("role", vec![("role", "user")])] {
        let answer = ada.post(&format!("{on}/{action}"), &fields).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{action}");
        let row = answer.body.split_once(&format!("<tr id=\"{}\"", hank.id)).unwrap().1.split_once("</tr>").unwrap().0;
        assert!(row.contains("last active Administrator here. Make somebody else an Administrator first."), "{row}");
        assert!(
            row.contains("Others who remain: Uma Thurn (User), Viktor Vey (Viewer) and Iris Waiting (User)."),
            "{row}"
        );
    }
    let mut self_service = world.sign_in("hank@globex.test").await;
    let own = format!("/portal/{globex}/users/{}", hank.id);
    for (action, fields) in [("remove", vec![]), ("suspend", vec![]), ("role", vec![("role", "user")])] {
        let answer = self_service.post(&format!("{own}/{action}"), &fields).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{action}");
        assert!(answer.text().contains("You cannot change your own role, or suspend or remove yourself."));
    }
}

#[tokio::test]
async fn what_was_typed_about_a_member_stays_when_it_is_refused() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let scope = world.ada().await.customer(globex);
    let members = scope.members().list(PageRequest::first()).await.unwrap().items;
    let [hank, uma, ..] = &members[..] else { panic!("{members:?}") };
    let seen = uma.revision.to_string();
    scope.members().rename(uma.id, "Uma Elsewhere", None).await.unwrap();
    let mut ada = world.sign_in("ada@acme.test").await;
    let on = format!("/customers/{globex}/users");
    for (member, action, fields, said, kept) in [
        (
            uma,
            "rename",
            [("name", "Uma Typed"), ("revision", seen.as_str())],
            "Somebody else changed this",
            "value=\"Uma Typed\"",
        ),
        (hank, "role", [("role", "viewer"), ("revision", "1")], "", "<option value=\"viewer\" selected>"),
    ] {
        let answer = ada.post(&format!("{on}/{}/{action}", member.id), &fields).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{action}");
        let row =
            answer.body.split_once(&format!("<tr id=\"{}\"", member.id)).unwrap().1.split_once("</tr>").unwrap().0;
        assert!(
            row.contains(said) && row.contains(kept) && row.contains("<details class=\"menu right\" open>"),
            "{row}"
        );
    }
}

#[tokio::test]
async fn c4_two_who_edit_the_same_customer_are_told_both_values() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let on = format!("/customers/{globex}");
    let (mut ada, mut ben) = (world.sign_in("ada@acme.test").await, world.sign_in("ben@acme.test").await);
    let revision = ada.get(&on).await.quoted("name=\"revision\" value=\"").unwrap();
    ben.submit(&on, &[("name", "Globex AG"), ("external_id", "crm-1001"), ("revision", &revision)]).await;
    let typed = [("name", "Globex & Co"), ("external_id", "crm-9"), ("revision", revision.as_str())];
    let answer = ada.post(&on, &typed).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let text = answer.text();
    assert!(text.contains("It is now “Globex AG” with the external id “crm-1001”. You typed “Globex & Co” with the external id “crm-9”."), "{text}");
    assert!(answer.body.contains("value=\"Globex &#38; Co\""), "what was typed stays");
    let revision = answer.quoted("name=\"revision\" value=\"").unwrap();
    ada.submit(&on, &[("name", "Globex & Co"), ("external_id", "crm-9"), ("revision", &revision)]).await;
    assert_eq!(world.ada().await.customer(globex).get().await.unwrap().name, "Globex & Co");
}

#[tokio::test]
async fn c2_what_is_wrong_with_a_field_stands_beside_it_and_nothing_typed_is_lost() {
    let world = World::new().await;
    let mut ada = world.sign_in("ada@acme.test").await;
    let answer = ada.post("/customers", &[("name", "\u{2002}"), ("external_id", "<kept>")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("The name is empty."));
    assert!(
        answer.body.contains("aria-describedby=\"name-problem\"") && answer.body.contains("value=\"&#60;kept&#62;\"")
    );
    let answer = ada.post("/customers", &[("name", "Other"), ("external_id", "crm-1001")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text().contains("The external id “crm-1001” is taken.") && answer.body.contains("value=\"Other\""));
}

#[tokio::test]
async fn c3_a_customer_is_deleted_by_typing_its_name() {
    let world = World::new().await;
    let id = world.customer("O'Brien <Marine> \"Ltd\"").await;
    let on = format!("/customers/{id}/delete");
    let mut ada = world.sign_in("ada@acme.test").await;
    let answer = ada.post(&on, &[("name", "O'Brien")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("Type the name as it is: O'Brien <Marine> \"Ltd\""), "{}", answer.text());
    let answer = ada.submit(&on, &[("name", "O'Brien <Marine> \"Ltd\"")]).await;
    assert!(answer.text().contains("is deleted"), "{}", answer.text());
    assert_eq!(ada.get(&format!("/customers/{id}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn c7_the_filter_finds_by_any_part_and_goes_page_by_page() {
    let world = World::new().await;
    let ada_scope = world.ada().await;
    let rows = (0..60)
        .map(|number| Ok(tenantry::NewCustomer::new(format!("Paged {number:02}")).external_id(format!("p{number}"))));
    ada_scope.customers().import(rows.collect::<Vec<_>>(), |_| ()).await.unwrap();
    let mut ada = world.sign_in("ada@acme.test").await;
    for (needle, found) in [
        ("MÜLLER", "Müller &#38; Söhne"),
        ("crm-1005", "株式会社サンプル"),
        ("viktor@", "Globex GmbH"),
        ("ΠΛΟ", "Ελληνικά Πλοία Α.Ε."),
    ] {
        let answer = ada.get(&format!("/customers?q={}", vendor_portal::pages::encoded(needle))).await;
        assert!(answer.body.contains(&format!(">{found}</a>")), "{needle}");
        assert!(answer.text().contains("1 customer in all."), "{needle}: {}", answer.text());
    }
    assert!(ada.get("/customers?q=nothing+like+it").await.text().contains("No customer matches."));
    let mut next = Some("/customers?q=paged".to_owned());
    let mut seen = Vec::new();
    while let Some(path) = next {
        let answer = ada.get(&path).await;
        let links = answer.body.split(">Paged ").skip(1).filter_map(|part| part.split_once("</a>"));
        seen.extend(links.map(|(number, _)| number.to_owned()).filter(|number| number.len() == 2));
        next = answer.quoted("rel=\"next\" hx-get=\"").map(|path| path.replace("&#38;", "&"));
    }
    assert_eq!(seen, (0..60).map(|number| format!("{number:02}")).collect::<Vec<_>>());
    let foreign = ada.get("/customers?q=paged&after=AAAA").await;
    assert_eq!(foreign.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn f3_a_toggle_that_takes_others_along_says_so() {
    let world = World::new().await;
    let id = world.customer("Øresund Energi").await;
    let on = format!("/customers/{id}/features");
    let mut ada = world.sign_in("ada@acme.test").await;
    let page = ada.get("/customers").await;
    let button =
        page.body.split_once(&format!("id=\"features-button-{id}\"")).unwrap().1.split_once("</summary>").unwrap().0;
    assert!(button.contains("Features <span class=\"badge\">2</span>"), "{button}");
    let off = ada.submit(&on, &[("had", "deployments"), ("had", "artifacts"), ("feature", "artifacts")]).await;
    assert!(off.text().contains("Deployments is off."), "{}", off.text());
    let both = ada.submit(&on, &[("had", "artifacts"), ("feature", "artifacts"), ("feature", "alerts")]).await;
    assert!(
        both.text().contains("Alerts is on, and Deployments is on with it, because Alerts requires it."),
        "{}",
        both.text()
    );
    assert!(both.body.contains("<span class=\"badge\">3</span>"));
    let had = [("had", "deployments"), ("had", "alerts"), ("had", "artifacts")];
    let none = ada.submit(&on, &[had.as_slice(), &[("feature", "alerts"), ("feature", "artifacts")]].concat()).await;
    assert!(
        none.text().contains("Deployments is off, and Alerts is off with it, because it requires Deployments."),
        "{}",
        none.text()
    );
    // Alerts stands below Deployments; the others are independent.
    assert!(none.body.contains("class=\"switch depth-1\""));
    assert_eq!(none.body.matches("depth-0").count(), 3);
}

#[tokio::test]
async fn f3_what_another_switched_meanwhile_stays() {
    let world = World::new().await;
    let id = world.customer("Øresund Energi").await;
    let on = format!("/customers/{id}/features");
    let (mut ada, mut ben) = (world.sign_in("ada@acme.test").await, world.sign_in("ben@acme.test").await);
    let had = [("had", "deployments"), ("had", "artifacts"), ("feature", "deployments")];
    ben.submit(&on, &[had.as_slice(), &[("feature", "artifacts"), ("feature", "support_bundles")]].concat()).await;
    // Ada's page is older: it switches artifacts off, and does not know of support bundles.
    ada.submit(&on, &had).await;
    let customer = world.ada().await.customer(id).get().await.unwrap();
    assert_eq!(customer.features, ["deployments", "support_bundles"]);
}

#[tokio::test]
async fn s5_s6_a_secret_has_versions_and_is_not_deleted_without_saying_who_uses_it() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let on = format!("/customers/{globex}/secrets/SMTP_PASSWORD");
    let mut ada = world.sign_in("ada@acme.test").await;
    let page = ada.get(&on).await.text();
    assert!(
        page.contains("Frankfurt production version 1 not the current one")
            && page.contains("Dublin staging version 2"),
        "{page}"
    );
    let answer = ada.submit(&on, &[("value", "third"), ("version", "2")]).await;
    assert!(
        answer
            .text()
            .contains("SMTP_PASSWORD has version 3 now. It is used by Frankfurt production and Dublin staging."),
        "{}",
        answer.text()
    );
    let stale = ada.post(&on, &[("value", "fourth"), ("version", "2")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(
        stale.text().contains("Somebody else set version 3") && stale.body.contains("name=\"version\" value=\"3\"")
    );
    let answer = ada.submit(&format!("{on}/roll-back"), &[("version", "1")]).await;
    assert!(answer.text().contains("Version 4 has the value of version 1."));
    ada.submit(&format!("{on}/destroy"), &[("version", "2")]).await;
    assert!(ada.get(&on).await.text().contains("Destroyed"));
    let used = ada.post(&format!("{on}/delete"), &[]).await;
    assert_eq!(used.status, StatusCode::CONFLICT);
    assert!(used.text().contains("It is used by Frankfurt production and Dublin staging."), "{}", used.text());
    assert!(used.body.contains("name=\"although_used\" value=\"true\""));
    let answer = ada.submit(&format!("{on}/delete"), &[("although_used", "true")]).await;
    assert!(answer.text().contains("The secret SMTP_PASSWORD is deleted."));
}

#[tokio::test]
async fn s3_the_list_of_secrets_says_who_and_when_to_every_role() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let mut hank = world.sign_in("hank@globex.test").await;
    let on = format!("/portal/{globex}/secrets");
    hank.submit(&on, &[("key", "OWN"), ("value", "one\r\ntwo")]).await;
    assert!(hank.get(&on).await.text().contains("by you"));
    let mut ada = world.sign_in("ada@acme.test").await;
    assert!(ada.get(&format!("/customers/{globex}/secrets")).await.text().contains("by Hank Scorpio"));
    // Who may not see the users learns that it was somebody, and no name.
    let viktor = world.sign_in("viktor@globex.test").await.get(&on).await.text();
    assert!(
        viktor.contains("OWN 1") && viktor.contains("by another person (usr_") && !viktor.contains("Hank"),
        "{viktor}"
    );
    let service = world.portal.app.service(world.ada().await.customer(globex).place(), "deployer", "a test");
    let value = service.resolve(["OWN"]).await.unwrap();
    assert_eq!(value[0].value.expose(), "one\ntwo");
}

#[tokio::test]
async fn a4_the_audit_log_is_filtered_and_its_chain_verified() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let mut ada = world.sign_in("ada@acme.test").await;
    ada.submit(&format!("/customers/{globex}/secrets"), &[("key", "NEWEST"), ("value", "v")]).await;
    let log = ada.get("/audit").await;
    let first = log.body.split_once("<tbody>").unwrap().1.split_once("</tr>").unwrap().0;
    assert!(first.contains("Key: NEWEST · Version: 1"), "{first}");
    assert!(log.text().contains("was not verified since the program started"));
    let verified = ada.submit("/audit/verify", &[]).await;
    assert!(verified.text().contains("every entry is where and what it was"), "{}", verified.text());
    let verified = ada.submit(&format!("/customers/{globex}/audit/verify"), &[]).await.text();
    assert!(verified.contains("Customers / Globex GmbH") && verified.contains("Chain verified"), "{verified}");
    let filtered = ada.get("/audit?action=customer.created").await;
    assert!(
        filtered.text().contains("Customer created")
            && !filtered
                .body
                .contains("<th scope=\"row\" data-label=\"What\"><a href=\"/audit?action=member.invited\"")
    );
    let of_globex = ada.get(&format!("/audit?place={globex}&action=secret.updated")).await.text();
    assert!(
        of_globex.contains("Secret updated") && of_globex.contains("Key: SMTP_PASSWORD · Version: 2"),
        "{of_globex}"
    );
    let members = world.ada().await.customer(globex).members().list(PageRequest::first()).await.unwrap().items;
    let hank = members[0].user.unwrap();
    let by_hank = ada.get(&format!("/audit?actor={hank}")).await.text();
    assert!(by_hank.contains("Hank Scorpio Member joined"), "{by_hank}");
    let one_place = ada.get(&format!("/customers/{globex}/audit")).await.body;
    let has = |action: &str| one_place.contains(&format!("/audit?action={action}\""));
    assert!(has("deployment.registered") && !has("vendor.created"));
}

#[tokio::test]
async fn a_person_in_several_places_chooses_one() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let mut hank = world.sign_in("hank@globex.test").await;
    assert_eq!(hank.get("/").await.location(), format!("/portal/{globex}/home"));
    let mut ada = world.sign_in("ada@acme.test").await;
    assert_eq!(ada.get("/").await.location(), "/customers");
    let users = format!("/customers/{globex}/users");
    let (token, _) = invite(&mut ada, &users, "Ada at Globex", "ada@acme.test", "viewer").await;
    ada.submit("/invitation/accept", &[("token", &token)]).await;
    assert_eq!(ada.get("/").await.location(), "/places");
    let places = ada.get("/places").await.text();
    assert!(
        places.contains("Acme Software Vendor portal") && places.contains("Globex GmbH Customer portal"),
        "{places}"
    );
}

#[tokio::test]
async fn a_link_to_sign_in_needs_a_post_and_is_made_by_this_program_only() {
    let world = World::new().await;
    let mut browser = world.browser();
    let link = path_of(&world, &world.portal.sign_in_link("hank@globex.test"));
    assert!(browser.get(&link).await.text().contains("Sign in as hank@globex.test"));
    assert_eq!(browser.get("/places").await.status, StatusCode::UNAUTHORIZED);
    let other = World::new().await;
    let foreign = path_of(&other, &other.portal.sign_in_link("hank@globex.test"));
    assert_eq!(browser.get(&foreign).await.status, StatusCode::NOT_FOUND);
    browser.get(&link).await;
    browser.submit(&link, &[]).await;
    assert_eq!(browser.get("/places").await.status, StatusCode::OK);
    let unknown = path_of(&world, &world.portal.sign_in_link("nobody@globex.test"));
    browser.get("/places").await;
    assert_eq!(browser.post(&unknown, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_pages_have_what_the_guide_names() {
    let world = World::new().await;
    let mut ada = world.sign_in("ada@acme.test").await;
    let list = ada.get("/customers").await;
    assert!(
        list.body.contains("<nav class=\"side\"")
            && list.body.contains("<a href=\"/customers\" aria-current=\"page\">Customers</a>")
    );
    assert!(list.body.contains("<label for=\"q\">Filter customers</label>"));
    assert!(list.body.contains("href=\"/customers/new\">+ Create Customer</a>"));
    let globex = world.customer("Globex GmbH").await;
    let on = format!("/customers/{globex}");
    let row = list.body.split_once(&format!("<a href=\"{on}\">")).unwrap().1.split_once("</tr>").unwrap().0;
    assert!(
        row.contains(&format!("href=\"{on}/users\">Manage users"))
            && row.contains(&format!("href=\"{on}/secrets\">Manage secrets"))
    );
    // The dropdown, with what each feature is.
    assert!(row.contains("<details class=\"menu\"") && row.contains("type=\"checkbox\""));
    let features = ada.get(&format!("{on}/features")).await.text();
    for text in [
        "Deployments access to agent-based deployments",
        "Alerts deployment health notifications (requires Deployments)",
        "Artifacts access to the artifact registry",
        "Support Bundles ability to create and submit diagnostic bundles",
        "Changes take effect immediately.",
    ] {
        assert!(features.contains(text), "{text}: {features}");
    }
    let users = ada.get(&format!("{on}/users")).await;
    assert!(users.body.contains(">Add user</summary>") && users.body.contains(">Invite user</button>"));
    for label in ["<label for=\"name\">Name", "<label for=\"email\">E-mail", "<label for=\"role\">Role"] {
        assert!(users.body.contains(label), "{label}");
    }
    for role in ["Administrator", "User", "Viewer"] {
        assert!(users.body.contains(&format!(">{role}</option>")), "{role}");
    }
}

#[tokio::test]
async fn f2_a_new_customer_has_deployments_and_artifacts() {
    let world = World::new().await;
    let mut ada = world.sign_in("ada@acme.test").await;
    ada.submit("/customers", &[("name", "Fresh")]).await;
    let id = world.customer("Fresh").await;
    let page = ada.get(&format!("/customers/{id}/features")).await;
    let on = |name: &str| page.body.contains(&format!("name=\"had\" value=\"{name}\""));
    assert_eq!(["deployments", "alerts", "artifacts", "support_bundles"].map(on), [true, false, true, false]);
    assert_eq!(page.body.matches(" checked").count(), 2);
}

#[tokio::test]
async fn f3_independent_features_are_switched_alone() {
    let world = World::new().await;
    let id = world.customer("Müller & Söhne").await;
    let mut ada = world.sign_in("ada@acme.test").await;
    let on = format!("/customers/{id}/features");
    for (fields, said) in [
        (vec![("had", "artifacts")], "Artifacts is off."),
        (vec![("feature", "support_bundles")], "Support Bundles is on."),
        (vec![("feature", "artifacts")], "Artifacts is on."),
        (vec![("had", "support_bundles")], "Support Bundles is off."),
    ] {
        let answer = ada.submit(&on, &fields).await;
        assert!(answer.text().contains(said), "{said}: {}", answer.text());
        let customer = world.ada().await.customer(id).get().await.unwrap();
        assert!(
            customer.features.starts_with(&["deployments".to_owned(), "alerts".to_owned()]),
            "{:?}",
            customer.features
        );
    }
}

#[tokio::test]
async fn s1_a_secret_of_a_customer_serves_its_deployments_alone() {
    let world = World::new().await;
    let (globex, other) = (world.customer("Globex GmbH").await, world.customer("Initrode").await);
    let mut ada = world.sign_in("ada@acme.test").await;
    ada.submit(&format!("/customers/{globex}/secrets"), &[("key", "OWN"), ("value", "theirs")]).await;
    assert!(!ada.get(&format!("/customers/{other}/secrets")).await.body.contains("OWN"));
    assert!(!ada.get("/secrets").await.body.contains("OWN"));
    let scope = world.ada().await;
    let service = |place| world.portal.app.service(place, "deployer", "a test");
    let value = service(scope.customer(globex).place()).resolve(["OWN"]).await.unwrap();
    assert_eq!(value[0].value.expose(), "theirs");
    for place in [scope.customer(other).place(), world.vendor()] {
        assert_eq!(service(place).resolve(["OWN"]).await.unwrap_err().code(), "not_found");
    }
}

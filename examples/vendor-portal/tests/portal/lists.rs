//! Lists that are longer than a page.

use tenantry::{NewDeployment, PageRequest, Role};

use crate::browser::{Answer, World};

/// Where the link to the next page leads.
fn next(page: &Answer) -> Option<String> {
    let (before, _) = page.body.split_once("\" rel=\"next\"")?;
    let (_, href) = before.rsplit_once("href=\"")?;
    Some(href.replace("&#38;", "&"))
}

fn rows(page: &Answer) -> usize {
    page.body.matches("<th scope=\"row\"").count()
}

#[tokio::test]
async fn all_deployments_of_a_customer_are_there_page_by_page() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let service = world.portal.app.service(world.ada().await.customer(globex).place(), "deployer", "a test");
    for number in 0..28 {
        service.register_deployment(NewDeployment::new(format!("more-{number}"), "One more")).await.unwrap();
    }
    let mut hank = world.sign_in("hank@globex.test").await;
    let first = hank.get(&format!("/portal/{globex}/deployments")).await;
    assert!(rows(&first) == 25 && !first.body.contains("First page"), "{}", first.text());
    let second = hank.get(&next(&first).unwrap()).await;
    assert!(rows(&second) == 5 && second.body.contains("First page"), "{}", second.text());
    assert_eq!(next(&second), None);
}

#[tokio::test]
async fn who_changes_a_user_stays_on_the_page_of_the_list() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let scope = world.ada().await.customer(globex);
    for number in 0..25 {
        scope.members().invite("Many", &format!("many-{number}@globex.test"), Role::Viewer).await.unwrap();
    }
    let mut ada = world.sign_in("ada@acme.test").await;
    let on = format!("/customers/{globex}");
    let second = next(&ada.get(&format!("{on}/users")).await).unwrap();
    let (address, after) = second.split_once("?after=").unwrap();
    assert_eq!(address, format!("{on}/users"));
    let members = scope.members().list(PageRequest::first().size(100)).await.unwrap().items;
    let last = members.last().unwrap();
    let page = ada.get(&second).await;
    assert!(rows(&page) == 4 && page.text().contains("invited by you, open until"), "{}", page.text());
    assert!(page.body.contains(&format!("name=\"after\" value=\"{after}\"")));
    let invitation = last.invitation.unwrap();
    for (path, fields) in [
        (format!("{on}/users/{}/rename", last.id), vec![("name", "Renamed"), ("after", after)]),
        (format!("{on}/invitations/{invitation}/resend"), vec![("after", after)]),
        (format!("{on}/invitations/{invitation}/revoke"), vec![("after", after)]),
    ] {
        let answer = ada.post(&path, &fields).await;
        assert!(answer.location().starts_with(&format!("{second}&notice=")), "{path}: {}", answer.location());
    }
}

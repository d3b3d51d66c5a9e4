// The users of a place: roles, suspending, removing, and what is refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LIMIT } from "./patience.js";
import { Portal } from "./portal.js";

let portal;
before(async () => { portal = await Portal.start(); }, LIMIT);
after(() => portal?.stop(), LIMIT);

test("u9 the last Administrator stays, and is told why in plain words", LIMIT, async () => {
  const ben = await portal.signIn("ben@acme.test");
  await ben.open(`${await ben.find("Globex GmbH")}/users`);
  const refused = /This is the last active Administrator here. Make somebody else an Administrator first. Others who remain: .*Uma Thurn \(User\)/;
  for (const act of [
    (panel) => ben.press("Suspend", panel),
    (panel) => ben.press("Remove Hank Scorpio", panel),
    async (panel) => {
      await ben.choose("Role", "Viewer", panel);
      await panel.locator("form", { has: ben.page.getByLabel("Role", { exact: true }) }).getByRole("button", { name: "Save" }).click();
    },
  ]) {
    await ben.open(`${await ben.find("Globex GmbH")}/users`);
    await act(await ben.change("Hank Scorpio"));
    await ben.sees(refused, ben.row("Hank Scorpio"));
    await ben.sees("Administrator", ben.row("Hank Scorpio"));
    await ben.sees("Active", ben.row("Hank Scorpio"));
  }
});

test("u8 nobody changes their own role, by the page or past it", LIMIT, async () => {
  const hank = await portal.signIn("hank@globex.test");
  await hank.section("Users");
  await hank.sees("You", hank.row("Hank Scorpio"));
  const panel = await hank.change("Hank Scorpio");
  await hank.sees("Nobody changes their own role, or suspends or removes themselves.", panel);
  assert.equal(await panel.getByLabel("Role").count(), 0);
  const own = await hank.row("Hank Scorpio").getAttribute("id");
  for (const action of ["role", "suspend", "remove"]) {
    await hank.section("Users");
    await hank.row("Uma Thurn").waitFor();
    // As a form would that should not be there.
    await hank.page.locator(`form[action$="/rename"]`).first().evaluate((form, [id, action]) => {
      form.action = form.action.replace(/[^/]+\/rename$/, `${id}/${action}`);
      const role = Object.assign(document.createElement("input"), { name: "role", value: "viewer" });
      form.append(role);
      form.submit();
    }, [own, action]);
    await hank.sees("You cannot change your own role, or suspend or remove yourself.");
  }
});

test("u10 who is suspended is out at the next click, and back when let in", LIMIT, async () => {
  const [hank, uma] = [await portal.signIn("hank@globex.test"), await portal.signIn("uma@globex.test")];
  await uma.section("Licenses");
  await uma.seesHeading("Licenses");
  await hank.section("Users");
  await hank.press("Suspend", await hank.change("Uma Thurn"));
  await hank.sees("Uma Thurn is suspended.");
  await uma.section("Home");
  await uma.sees("You are suspended here. An Administrator can let you back in.");
  await hank.press("Let them act again", await hank.change("Uma Thurn"));
  await hank.sees("Uma Thurn may act again.");
  await uma.open("/");
  await uma.seesHeading("Home");
});

test("u11 another role and another name count at the next click", LIMIT, async () => {
  const [hank, viktor] = [await portal.signIn("hank@globex.test"), await portal.signIn("viktor@globex.test")];
  await viktor.section("Secrets");
  await viktor.seesHeading("Secrets");
  assert.equal(await viktor.page.getByText("Create secret").count(), 0);
  await hank.section("Users");
  const panel = await hank.change("Viktor Vey");
  await hank.choose("Role", "User", panel);
  await panel.locator(`form[action$="/role"]`).getByRole("button", { name: "Save" }).click();
  await hank.sees("Viktor Vey is User now.");
  await viktor.section("Secrets");
  await viktor.page.getByText("Create secret").first().waitFor();
  const again = await hank.change("Viktor Vey");
  await hank.type("Name", "Viktor von Vey", again);
  await again.locator(`form[action$="/rename"]`).getByRole("button", { name: "Save" }).click();
  await hank.sees("The name is now Viktor von Vey.");
  await hank.row("Viktor von Vey").waitFor();
});

test("u6 who is a member or invited is not invited again, and what was typed stays", LIMIT, async () => {
  const hank = await portal.signIn("hank@globex.test");
  await hank.section("Users");
  for (const [email, said] of [["UMA@globex.test", "This person is a member already."], ["iris@globex.test", "This person is invited already."]]) {
    const form = hank.page.locator("#add");
    if ((await form.getAttribute("open")) === null) await form.locator("summary").click();
    await hank.type("Name", "Again", form);
    await hank.type("E-mail", email, form);
    await hank.choose("Role", "User", form);
    await hank.press("Invite user", form);
    await hank.sees(said);
    assert.equal(await hank.field("Name", form).inputValue(), "Again");
    assert.equal(await hank.field("E-mail", form).inputValue(), email);
    assert.equal(await hank.field("Role", form).inputValue(), "user");
  }
});

test("u7 the vendor's own users are invited and managed by its Administrator", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.section("Users");
  await ada.row("Ben Okri").waitFor();
  await ada.invite("Dora Staff", "dora@acme.test", "User");
  const dora = await portal.visitor();
  await dora.accept((await portal.mailbox.next("dora@acme.test")).link);
  await dora.sees("You are User of Acme Software now.");
  assert.deepEqual(await dora.sections(), ["Customers", "Secrets"]);
  await ada.section("Users");
  await ada.press("Remove Dora Staff", await ada.change("Dora Staff"));
  await ada.sees("Dora Staff is removed.");
  await dora.section("Secrets");
  await dora.sees("There is no such page, or it is not yours to see.");
});

test("one person in two places chooses between them", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.open(`${await ada.find("Initrode")}/users`);
  await ada.invite("Benjamin", "ben@acme.test", "Administrator");
  const ben = await portal.signIn("ben@acme.test");
  await ben.accept((await portal.mailbox.next("ben@acme.test")).link);
  await ben.sees("for Initrode");
  await ben.follow("Places");
  await ben.follow("Acme Software Vendor portal");
  await ben.seesHeading("Customers");
  await ben.press("Sign out");
  await ben.seesHeading("Sign in");
  await ben.open("/customers");
  await ben.sees("Please sign in");
});

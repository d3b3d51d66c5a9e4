// The features of a customer: switched in the list, and gone from the customer's portal at its next click.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LIMIT } from "./patience.js";
import { Portal } from "./portal.js";

let portal;
before(async () => { portal = await Portal.start(); }, LIMIT);
after(() => portal?.stop(), LIMIT);

/// The list with the features of a customer open.
async function opened(visitor, name) {
  await visitor.open(`/customers?q=${encodeURIComponent(name)}`);
  const row = visitor.row(name);
  await row.locator("summary").click();
  await row.getByRole("group", { name: `Features of ${name}` }).waitFor();
  return row;
}

/// Which features are checked.
async function checked(row) {
  const boxes = await row.getByRole("checkbox").all();
  const names = ["Deployments", "Alerts", "Artifacts", "Support Bundles"];
  assert.equal(boxes.length, names.length);
  const on = await Promise.all(names.map((name) => row.getByRole("checkbox", { name, exact: true }).isChecked()));
  return names.filter((_, index) => on[index]);
}

/// Clicks a feature, and waits for what is said of it.
async function click(visitor, row, name, said) {
  await row.getByRole("checkbox", { name, exact: true }).click();
  await visitor.sees(said, row);
}

test("f2 a new customer has Deployments and Artifacts, and the button shows that two are enabled", LIMIT, async () => {
  const ben = await portal.signIn("ben@acme.test");
  await ben.create("Fresh Foods");
  const row = await opened(ben, "Fresh Foods");
  await row.getByText("Features 2 enabled for Fresh Foods").waitFor();
  assert.deepEqual(await checked(row), ["Deployments", "Artifacts"]);
  for (const text of [
    "access to agent-based deployments",
    "deployment health notifications (requires Deployments)",
    "access to the artifact registry",
    "ability to create and submit diagnostic bundles",
  ]) await ben.sees(text, row);
});

test("f3 Alerts takes Deployments along, and Deployments takes Alerts away", LIMIT, async () => {
  const ben = await portal.signIn("ben@acme.test");
  const row = await opened(ben, "Øresund Energi");
  await click(ben, row, "Deployments", "Deployments is off.");
  assert.deepEqual(await checked(row), ["Artifacts"]);
  await click(ben, row, "Alerts", "Alerts is on, and Deployments is on with it, because Alerts requires it.");
  assert.deepEqual(await checked(row), ["Deployments", "Alerts", "Artifacts"]);
  await row.getByText("Features 3 enabled").waitFor();
  await click(ben, row, "Deployments", "Deployments is off, and Alerts is off with it, because it requires Deployments.");
  assert.deepEqual(await checked(row), ["Artifacts"]);
  await row.getByText("Features 1 enabled").waitFor();
});

test("f3 Support Bundles and Artifacts are switched alone", LIMIT, async () => {
  const ben = await portal.signIn("ben@acme.test");
  const row = await opened(ben, "שלום תוכנה");
  await click(ben, row, "Artifacts", "Artifacts is off.");
  assert.deepEqual(await checked(row), ["Deployments"]);
  await click(ben, row, "Support Bundles", "Support Bundles is on.");
  assert.deepEqual(await checked(row), ["Deployments", "Support Bundles"]);
  await ben.page.reload();
  await ben.row("שלום תוכנה").locator("summary").click();
  assert.deepEqual(await checked(ben.row("שלום תוכנה")), ["Deployments", "Support Bundles"]);
});

test("f9 what is switched off is gone from the other window at its next click, and refused by its address", LIMIT, async () => {
  const [ada, hank] = [await portal.signIn("ada@acme.test"), await portal.signIn("hank@globex.test")];
  const all = ["Home", "Deployments", "Artifacts", "Licenses", "Users", "Secrets", "Access Tokens"];
  assert.deepEqual(await hank.sections(), all);
  const home = hank.address;
  const row = await opened(ada, "Globex GmbH");

  await click(ada, row, "Deployments", "Deployments is off.");
  await hank.section("Home");
  await hank.seesHeading("Home");
  assert.deepEqual(await hank.sections(), ["Home", "Artifacts", "Licenses", "Users", "Access Tokens"]);
  for (const [section, title] of [["deployments", "Deployments"], ["secrets", "Deployments"], ["alerts", "Alerts"], ["support", "Support bundles"]]) {
    assert.equal(await hank.open(home.replace("home", section)), 403, section);
    await hank.sees("This belongs to what is switched off for you:");
    await hank.sees(title);
  }

  // The section that stands on the page still, but no longer leads anywhere.
  await hank.open(home);
  await click(ada, row, "Artifacts", "Artifacts is off.");
  await hank.section("Artifacts");
  await hank.sees("This belongs to what is switched off for you: Artifacts. Your vendor can enable it.");

  for (const name of ["Alerts", "Artifacts", "Support Bundles"]) await click(ada, row, name, `${name} is on`);
  await hank.follow("Back to the beginning");
  await hank.seesHeading("Home");
  assert.deepEqual(await hank.sections(), ["Home", "Deployments", "Artifacts", "Licenses", "Support", "Alerts", "Users", "Secrets", "Access Tokens"]);
  for (const [section, title] of [["deployments", "Deployments"], ["alerts", "Alerts"], ["support", "Support"]]) {
    assert.equal(await hank.open(home.replace("home", section)), 200);
    await hank.seesHeading(title);
  }
});

test("f3 what another of the staff switched meanwhile stays", LIMIT, async () => {
  const [ada, ben] = [await portal.signIn("ada@acme.test"), await portal.signIn("ben@acme.test")];
  const [hers, his] = [await opened(ada, "Ünlü Yazılım"), await opened(ben, "Ünlü Yazılım")];
  await click(ada, hers, "Artifacts", "Artifacts is off.");
  await click(ben, his, "Alerts", "Alerts is on.");
  assert.deepEqual(await checked(his), ["Deployments", "Alerts", "Support Bundles"]);
});

test("the features open and close with the keyboard, and a Viewer cannot change them", LIMIT, async () => {
  const vera = await portal.signIn("vera@acme.test");
  await vera.open("/customers?q=Initrode");
  const row = vera.row("Initrode");
  await row.locator("summary").focus();
  await vera.page.keyboard.press("Enter");
  await vera.sees("You can see the features, not change them.", row);
  for (const box of await row.getByRole("checkbox").all()) assert.ok(await box.isDisabled());
  await vera.page.keyboard.press("Escape");
  await row.getByRole("group", { name: "Features of Initrode" }).waitFor({ state: "hidden" });
  assert.match(await vera.page.evaluate("document.activeElement.id"), /^features-button-/);

  const ben = await portal.signIn("ben@acme.test");
  await ben.open("/customers?q=Initrode");
  await ben.row("Initrode").locator("summary").focus();
  await ben.page.keyboard.press("Enter");
  await ben.page.keyboard.press("Tab");
  await ben.page.keyboard.press("Tab");
  await ben.page.keyboard.press("Space");
  await ben.sees("Alerts is on.", ben.row("Initrode"));
  // A click elsewhere closes them, too.
  await ben.page.getByRole("heading", { name: "Customers" }).click();
  await ben.row("Initrode").getByRole("group", { name: "Features of Initrode" }).waitFor({ state: "hidden" });
});

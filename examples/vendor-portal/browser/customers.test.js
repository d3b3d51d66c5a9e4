// The list of customers, and what is done with one of them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LIMIT } from "./patience.js";
import { Portal } from "./portal.js";

let portal;
before(async () => { portal = await Portal.start("--demo-customers", "60"); }, LIMIT);
after(() => portal?.stop(), LIMIT);

test("c7 the list is filtered while somebody types, and the field keeps what is typed", LIMIT, async () => {
  const vera = await portal.signIn("vera@acme.test");
  await vera.sees("25 customers on this page, and more follow.");
  await vera.field("Filter customers").pressSequentially("SÖHNE");
  await vera.sees("1 customer in all.");
  await vera.row("Müller & Söhne").waitFor();
  // The first letters may have been asked for on their own.
  await vera.page.waitForURL((url) => url.searchParams.get("q") === "SÖHNE");
  assert.equal(vera.address, "/customers?q=S%C3%96HNE&status=");
  assert.equal(await vera.page.evaluate("document.activeElement.id"), "q");
  await vera.field("Filter customers").pressSequentially("x");
  await vera.sees("No customer matches.");
  assert.equal(await vera.field("Filter customers").inputValue(), "SÖHNEx");
  await vera.type("Filter customers", "iris@globex.test");
  await vera.row("Globex GmbH").waitFor();
  await vera.follow("Show all");
  await vera.sees("25 customers on this page");
  assert.equal(await vera.field("Filter customers").inputValue(), "");
});

test("c7 the list goes page by page, and shows every customer once", LIMIT, async () => {
  const vera = await portal.signIn("vera@acme.test");
  const names = async () => vera.page.getByRole("rowheader").getByRole("link").allTextContents();
  const seen = await names();
  for (const last of [false, true]) {
    const [head] = await names();
    await vera.follow("Next page");
    await vera.sees(last ? "on this page, the last one." : "and more follow.");
    await vera.row(head).waitFor({ state: "detached" });
    seen.push(...await names());
  }
  assert.equal(seen.length, 70);
  assert.equal(new Set(seen).size, 70);
  await vera.page.goBack();
  await vera.sees("and more follow.");
  await vera.follow("First page");
  await vera.row(seen[0]).waitFor();
});

test("c3 a customer is renamed, archived and taken back into use", LIMIT, async () => {
  const [ben, hank] = [await portal.signIn("ben@acme.test"), await portal.signIn("hank@globex.test")];
  await ben.open(await ben.find("Globex GmbH"));
  await ben.type("Name", "Globex Corporation");
  await ben.press("Save");
  await ben.sees("The changes are saved.");
  await ben.seesHeading("Globex Corporation");
  await hank.section("Home");
  await hank.sees("for Globex Corporation");

  await ben.press("Archive");
  await ben.sees("Globex Corporation is archived.");
  await hank.section("Licenses");
  await hank.sees("The customer is archived.");
  await ben.section("Customers");
  await ben.type("Filter customers", "Globex");
  await ben.sees("No customer matches.");
  await ben.choose("Status", "Archived");
  await ben.follow("Globex Corporation");
  await ben.press("Take back into use");
  await ben.sees("Globex Corporation is in use again");
  await hank.open("/");
  await hank.seesHeading("Home");
});

test("c3 a customer is deleted by an Administrator who types its name", LIMIT, async () => {
  const [ada, ben] = [await portal.signIn("ada@acme.test"), await portal.signIn("ben@acme.test")];
  const address = await ada.create("Short Lived Ltd");
  await ben.open(address);
  await ben.seesHeading("Short Lived Ltd");
  assert.equal(await ben.page.getByRole("button", { name: "Delete customer" }).count(), 0);
  await ada.open(address);
  const typed = ada.page.getByLabel("Type the name of the customer");
  await typed.fill("short lived");
  await ada.press("Delete customer");
  await ada.sees("Type the name as it is: Short Lived Ltd");
  assert.equal(await typed.inputValue(), "short lived");
  await typed.fill("Short Lived Ltd");
  await ada.press("Delete customer");
  await ada.sees("Short Lived Ltd is deleted");
  assert.equal(await ada.count("Short Lived Ltd"), 0);
  await ben.page.reload();
  await ben.sees("There is no such page, or it is not yours to see.");
});

test("c2 what is wrong with a field stands beside it, and what was typed is still there", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.open("/customers/new");
  await ada.type("Name", "Typed Already");
  await ada.page.getByLabel("External id").fill("crm-1001");
  await ada.press("Create customer");
  await ada.sees("The external id “crm-1001” is taken.");
  assert.equal(await ada.field("Name").inputValue(), "Typed Already");
  const field = ada.page.getByLabel("External id");
  assert.deepEqual([await field.inputValue(), await field.getAttribute("aria-invalid")], ["crm-1001", "true"]);

  // Going back to what was refused sends nothing again, and neither does loading it; what was typed is there.
  await ada.section("Users");
  await ada.seesHeading("Users");
  await ada.page.goBack();
  await ada.sees("The external id “crm-1001” is taken.");
  await ada.page.reload();
  await ada.sees("The external id “crm-1001” is taken.");
  assert.deepEqual([await ada.field("Name").inputValue(), await field.inputValue()], ["Typed Already", "crm-1001"]);
  await ada.page.goBack();
  await ada.seesHeading("Create a customer");
  await ada.seesNo("is taken");
  assert.deepEqual([await ada.field("Name").inputValue(), await field.inputValue()], ["Typed Already", "crm-1001"]);
  await ada.page.goForward();
  await ada.sees("The external id “crm-1001” is taken.");
  await field.fill("crm-typed");
  await ada.press("Create customer");
  await ada.sees("Typed Already was created.");
});

test("a double click makes one customer, and so does a form that is sent many times at once", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.open("/customers/new");
  await ada.type("Name", "Clicked Twice");
  await ada.page.getByRole("button", { name: "Create customer" }).dblclick();
  await ada.sees("Clicked Twice was created.");
  assert.equal(await ada.count("Clicked Twice"), 1);

  await ada.open("/customers/new");
  await ada.type("Name", "Sent Eight Times");
  const answers = await ada.page.locator("form.fields").evaluate(async (form) => {
    const body = new URLSearchParams(new FormData(form)).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const send = () => fetch(form.action, { method: "POST", headers, body }).then((response) => response.status);
    return Promise.all(Array.from({ length: 8 }, send));
  });
  assert.deepEqual(answers, Array(8).fill(200));
  assert.equal(await ada.count("Sent Eight Times"), 1);
});

test("going back, forward and loading again repeats nothing, and shows what is now", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.create("Made Once");
  await ada.page.goBack();
  await ada.seesHeading("Create a customer");
  await ada.page.goForward();
  await ada.sees("Made Once was created.");
  await ada.page.reload();
  await ada.seesHeading("Customers");
  assert.equal(await ada.count("Made Once"), 1);

  // The list that "back" leads to has what was changed since it was left.
  await ada.follow("Made Once");
  await ada.type("Name", "Made Once, Renamed");
  await ada.press("Save");
  await ada.sees("The changes are saved.");
  await ada.page.goBack();
  await ada.page.goBack();
  await ada.row("Made Once, Renamed").waitFor();
});

test("c4 two of the staff edit one customer: the second is told, and keeps what was typed", LIMIT, async () => {
  const [ada, ben] = [await portal.signIn("ada@acme.test"), await portal.signIn("ben@acme.test")];
  const address = await ada.create("Edited By Two");
  await ada.open(address);
  await ben.open(address);
  await ben.type("Name", "Ben's Name");
  await ben.press("Save");
  await ben.sees("The changes are saved.");
  await ada.type("Name", "Ada's Name");
  await ada.press("Save");
  await ada.sees("Somebody else changed this since you loaded the page. It is now “Ben's Name” without an external id.");
  assert.equal(await ada.field("Name").inputValue(), "Ada's Name");
  await ada.sees("You typed “Ada's Name” without an external id. Save again to put yours in its place.");
  await ben.page.reload();
  await ben.seesHeading("Ben's Name");
  await ada.press("Save");
  await ada.sees("The changes are saved.");
  await ada.seesHeading("Ada's Name");
});

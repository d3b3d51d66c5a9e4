// The core of it in a browser that runs no scripts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LIMIT } from "./patience.js";
import { Portal } from "./portal.js";

let portal;
before(async () => { portal = await Portal.start(); }, LIMIT);
after(() => portal?.stop(), LIMIT);

test("without scripts customers, users, features and secrets are managed all the same", LIMIT, async () => {
  const without = { javaScriptEnabled: false };
  const ada = await portal.signIn("ada@acme.test", without);
  const customer = await ada.create("Plain Pages");
  await ada.type("Filter customers", "plain");
  await ada.press("Filter");
  await ada.sees("1 customer in all.");

  const row = ada.row("Plain Pages");
  await row.locator("summary").click();
  await row.getByRole("checkbox", { name: "Deployments", exact: true }).uncheck();
  await row.getByRole("checkbox", { name: "Support Bundles", exact: true }).check();
  await ada.press("Apply", row);
  await ada.sees("Deployments is off. Support Bundles is on.");
  await ada.page.getByRole("checkbox", { name: "Alerts", exact: true }).check();
  await ada.press("Apply");
  await ada.sees("Alerts is on, and Deployments is on with it, because Alerts requires it.");

  await ada.follow("Manage users");
  await ada.invite("Paula Plain", "paula@plain.test", "User");
  const { link } = await portal.mailbox.next("paula@plain.test");
  const paula = await portal.visitor(without);
  await paula.open(link);
  await paula.type("Link of the invitation", link);
  await paula.press("See the invitation");
  await paula.sees("Ada Lovelace invites you");
  await paula.press("Accept the invitation");
  await paula.sees("Welcome! You are Administrator of Plain Pages");
  assert.deepEqual(await paula.sections(), ["Home", "Deployments", "Artifacts", "Licenses", "Support", "Alerts", "Users", "Secrets", "Access Tokens"]);

  await paula.section("Secrets");
  const form = paula.page.locator("#add");
  await form.locator("summary").click();
  await paula.type("Key", "2wrong", form);
  await paula.type("Value", "typed-in-vain", form);
  await paula.press("Create secret", form.locator("form"));
  await paula.page.locator("#secret-problem .problem").waitFor();
  assert.equal(await paula.field("Key", form).inputValue(), "2wrong");
  assert.ok(!(await paula.page.content()).includes("typed-in-vain"), "a value is on the page");
  await paula.type("Key", "RIGHT", form);
  await paula.type("Value", "typed again", form);
  await paula.press("Create secret", form.locator("form"));
  await paula.sees("The secret RIGHT is set.");
  await paula.follow("RIGHT");
  await paula.type("New value", "another");
  await paula.press("Save as version 2");
  await paula.sees("RIGHT has version 2 now.");

  await ada.open(customer);
  await ada.page.getByLabel("Type the name of the customer").fill("Plain Pages");
  await ada.press("Delete customer");
  await ada.sees("Plain Pages is deleted");
  await paula.section("Home");
  await paula.sees("There is no such page, or it is not yours to see.");
});

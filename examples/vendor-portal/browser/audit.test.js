// The audit log.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LIMIT } from "./patience.js";
import { Portal } from "./portal.js";

let portal;
before(async () => { portal = await Portal.start(); }, LIMIT);
after(() => portal?.stop(), LIMIT);

test("a2 the chain is verified on request, and the page says so", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.section("Audit log");
  await ada.sees("The chain was not verified since the program started.");
  await ada.press("Verify now");
  await ada.sees(/Chain verified .*: every entry is where and what it was\./);
});

test("a4 the log is filtered by action, person and place, and read page by page", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  const customer = await ada.create("Written Down");
  await ada.open(`${customer}/secrets`);
  await ada.page.locator("#add summary").click();
  await ada.type("Key", "NOTED");
  await ada.type("Value", "not-in-the-log");
  await ada.press("Create secret", ada.page.locator("#add form"));
  await ada.sees("The secret NOTED is set.");

  await ada.section("Audit log");
  const pages = [];
  for (;;) {
    pages.push(await ada.page.locator("tbody tr").count());
    if ((await ada.page.getByRole("link", { name: "Next page" }).count()) === 0) break;
    const address = ada.page.url();
    await ada.follow("Next page");
    await ada.page.waitForURL((url) => url.href !== address);
  }
  assert.ok(pages.length > 1 && pages[0] === 25, `${pages}`);

  await ada.open("/audit");
  await ada.choose("Action", "Customer created");
  await ada.press("Filter");
  await ada.row("Name: Written Down").waitFor();
  const heads = await ada.page.getByRole("rowheader").allTextContents();
  assert.ok(heads.every((head) => head.startsWith("Customer created")), heads.join());

  await ada.follow("Written Down");
  await ada.sees("Key: NOTED");
  const places = await ada.page.locator('[data-label="Where"]').allTextContents();
  assert.deepEqual([...new Set(places)], ["Written Down"]);
  await ada.seesNo("not-in-the-log");

  await ada.open("/audit");
  await ada.type("Actor", "svc:deployer");
  await ada.press("Filter");
  await ada.row("Deployment registered").first().waitFor();
  const actors = await ada.page.locator('[data-label="Who"]').allTextContents();
  assert.equal(new Set(actors).size, 1, actors.join());
  await ada.type("Actor", "svc:nobody");
  await ada.press("Filter");
  await ada.sees("No entry matches.");
});

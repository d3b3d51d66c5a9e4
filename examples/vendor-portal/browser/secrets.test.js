// Secrets: what is shown of them, and that their values are shown nowhere.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LIMIT } from "./patience.js";
import { Portal } from "./portal.js";

let portal;
before(async () => { portal = await Portal.start(); }, LIMIT);
after(() => portal?.stop(), LIMIT);

async function create(visitor, key, value) {
  const form = visitor.page.locator("#add");
  if ((await form.getAttribute("open")) === null) await form.locator("summary").click();
  await visitor.type("Key", key, form);
  await visitor.type("Value", value, form);
  await visitor.press("Create secret", form.locator("form"));
}

test("s3 a value is in no page, no answer, no log and no file", LIMIT, async () => {
  const planted = ["planted-one-7f3a91", "planted-two-7f3a91", "planted-three-7f3a91"];
  const ben = await portal.signIn("ben@acme.test");
  await ben.open(await ben.find("Initrode"));
  await ben.follow("Manage secrets");
  await create(ben, "PLANTED", planted[0]);
  await ben.sees("The secret PLANTED is set.");
  await ben.sees("by you", ben.row("PLANTED"));
  await ben.follow("PLANTED");
  await ben.type("New value", planted[1]);
  await ben.press("Save as version 2");
  await ben.sees("PLANTED has version 2 now.");
  // What is refused is not shown either, and neither is what is typed twice.
  await ben.open(`${await ben.find("Initrode")}/secrets`);
  await create(ben, "PLANTED", planted[2]);
  await ben.sees("There is a secret with this key already.");
  assert.equal(await ben.field("Value").inputValue(), planted[2]);

  const ada = await portal.signIn("ada@acme.test");
  const customer = await ada.find("Initrode");
  for (const path of [customer, `${customer}/secrets`, `${customer}/secrets/PLANTED`, `${customer}/audit`, "/audit"]) {
    assert.equal(await ada.open(path), 200, path);
    // All of the log, to its last page.
    while (await ada.page.getByRole("link", { name: "Next page" }).count()) await ada.follow("Next page");
  }
  const answers = (await ben.answers()) + (await ada.answers());
  assert.ok(answers.includes("Secret updated"), "the log was looked at");
  assert.ok(portal.log.includes("secrets"), "the program logs what it does");
  const files = await portal.files();
  assert.ok(files.includes("PLANTED"), "the files were looked at");
  for (const value of planted) {
    assert.ok(!answers.includes(value), `${value} was answered`);
    assert.ok(!portal.log.includes(value), `${value} is in the log`);
    assert.ok(!files.includes(value), `${value} is in a file`);
  }
});

test("s5 a secret has versions, which are rolled back and destroyed", LIMIT, async () => {
  const uma = await portal.signIn("uma@globex.test");
  await uma.section("Secrets");
  await uma.follow("SMTP_PASSWORD");
  await uma.sees("Current", uma.row("Version 2"));
  await uma.press("Roll back to version 1", uma.row("Version 1"));
  await uma.sees("Version 3 has the value of version 1.");
  await uma.sees("Current", uma.row("Version 3"));
  await uma.press("Destroy the value of version 2", uma.row("Version 2"));
  await uma.sees("The value of version 2 is destroyed.");
  await uma.sees("Destroyed", uma.row("Version 2"));
});

test("s6 a secret that deployments use is not deleted without saying so", LIMIT, async () => {
  const hank = await portal.signIn("hank@globex.test");
  await hank.section("Secrets");
  await hank.follow("API_TOKEN");
  await hank.row("Frankfurt production").waitFor();
  await hank.press("Delete secret");
  await hank.sees("It is used by Frankfurt production. Their next rendering would fail.");
  await hank.press("Delete although it is used");
  await hank.sees("The secret API_TOKEN is deleted.");
  await hank.seesHeading("Secrets");
  assert.equal(await hank.row("API_TOKEN").count(), 0);
  await create(hank, "UNUSED", "for nobody");
  await hank.sees("The secret UNUSED is set.");
  await hank.follow("UNUSED");
  await hank.sees("No deployment that was registered uses it.");
  await hank.press("Delete secret");
  await hank.sees("The secret UNUSED is deleted.");
});

test("s5 two people set one secret: the second is told, and keeps what was typed", LIMIT, async () => {
  const [ben, ada] = [await portal.signIn("ben@acme.test"), await portal.signIn("ada@acme.test")];
  await ben.open(`${await ben.find("Øresund Energi")}/secrets`);
  await create(ben, "SHARED", "first");
  await ben.sees("The secret SHARED is set.");
  await ben.follow("SHARED");
  await ada.open(ben.address);
  await ben.type("New value", "second, of Ben");
  await ben.press("Save as version 2");
  await ben.sees("SHARED has version 2 now.");
  await ada.type("New value", "second, of Ada");
  await ada.press("Save as version 2");
  await ada.sees("Somebody else set version 2 since you loaded the page, which showed version 1. Save again to set yours on top.");
  assert.equal(await ada.field("New value").inputValue(), "second, of Ada");
  await ada.press("Save as version 2");
  await ada.sees("SHARED has version 3 now.");
});

test("s2 what is wrong with a key stands beside it, and nothing typed is lost", LIMIT, async () => {
  const ben = await portal.signIn("ben@acme.test");
  await ben.open(`${await ben.find("Øresund Energi")}/secrets`);
  await create(ben, "1 wrong key", "typed with care");
  await ben.page.locator("#secret-problem .problem").waitFor();
  assert.deepEqual([await ben.field("Key").inputValue(), await ben.field("Value").inputValue()], ["1 wrong key", "typed with care"]);
  await ben.type("Key", "RIGHT_KEY");
  await ben.press("Create secret", ben.page.locator("#add form"));
  await ben.sees("The secret RIGHT_KEY is set.");
});

test("s1 a secret of one customer is nobody else's", LIMIT, async () => {
  const [ben, hank] = [await portal.signIn("ben@acme.test"), await portal.signIn("hank@globex.test")];
  const other = await ben.find("Müller & Söhne");
  await ben.open(`${other}/secrets`);
  await create(ben, "OF_MUELLER", "a value");
  await ben.sees("Secrets of Müller & Söhne are available to the deployments of Müller & Söhne only.");
  await ben.row("OF_MUELLER").waitFor();
  await hank.section("Secrets");
  await hank.row("SMTP_PASSWORD").waitFor();
  await hank.seesNo("OF_MUELLER");
  assert.equal(await hank.open(`${hank.address}/OF_MUELLER`), 404);
  assert.equal(await hank.open(`${other.replace("customers", "portal")}/secrets/OF_MUELLER`), 404);
  await ben.section("Secrets");
  await ben.row("LICENSE_SIGNING_KEY").waitFor();
  await ben.seesNo("OF_MUELLER");
});

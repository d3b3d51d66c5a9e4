// Every page, light and dark, wide and narrow: axe finds nothing serious, nothing sticks out, and a picture is kept.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { LIMIT, PATIENCE } from "./patience.js";
import { Portal } from "./portal.js";

const WIDTHS = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };

let portal, folder, ada, hank, globex;
before(async () => {
  folder = process.env.PAGES;
  assert.ok(folder, "the environment must give PAGES, the folder for the pictures");
  await mkdir(folder, { recursive: true });
  portal = await Portal.start("--demo-customers", "60");
  ada = await portal.signIn("ada@acme.test");
  hank = await portal.signIn("hank@globex.test");
  globex = (await ada.find("Globex GmbH")).split("/").at(-1);
}, LIMIT);
after(() => portal?.stop(), LIMIT);

/// Keeps a picture. Chromium without a screen now and then draws nothing until it is asked again.
async function picture(page, path) {
  const options = { path, fullPage: true, animations: "disabled" };
  try {
    await page.screenshot({ ...options, timeout: PATIENCE / 4 });
  } catch (error) {
    if (error.name !== "TimeoutError") throw error;
    await page.bringToFront();
    await page.screenshot(options);
  }
}

/// Looks at the page as it stands.
async function look({ page }, name) {
  await page.evaluate(axe.source);
  const faults = [];
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const where = `${name}-${width}-${colorScheme}`;
      await picture(page, join(folder, `${where}.png`));
      const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
      for (const { id, impact, nodes } of violations) {
        if (["serious", "critical"].includes(impact)) faults.push(`${where}: ${id}: ${nodes.map((node) => node.html).join(" ")}`);
      }
      const over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      if (over > 0) faults.push(`${where}: ${over} pixels stick out`);
    }
  }
  assert.equal(faults.join("\n"), "");
}

/// A page by its address, as this person sees it, and what is opened on it first.
function pictured(name, who, path, first = async () => {}) {
  test(`the page ${name} can be read by everybody, light and dark, wide and narrow`, LIMIT, async () => {
    const visitor = who();
    await visitor.page.setViewportSize(WIDTHS.wide);
    await visitor.open(path.replace("GLOBEX", globex));
    await first(visitor);
    await look(visitor, name);
  });
}

const staff = () => ada;
const member = () => hank;

pictured("customers", staff, "/customers");
pictured("customers-none", staff, "/customers?q=nobody-has-this-name");
pictured("features-dropdown", staff, "/customers?q=z%C3%BCrich", async (visitor) => {
  await visitor.page.locator("tbody summary").click();
  await visitor.page.getByRole("checkbox", { name: "Deployments", exact: true }).click();
  await visitor.sees("Deployments is off, and Alerts is off with it");
});
pictured("customer-new", staff, "/customers/new");
pictured("customer-new-refused", staff, "/customers/new", async (visitor) => {
  await visitor.type("Name", "Refused");
  await visitor.page.getByLabel("External id").fill("crm-1001");
  await visitor.press("Create customer");
  await visitor.sees("is taken");
});
pictured("customer", staff, "/customers/GLOBEX");
pictured("customer-long-name", staff, "/customers", async (visitor) => {
  await visitor.open(await visitor.find("Zürich Rückversicherungsgesellschaft für außergewöhnliche Haftpflichtrisiken und Nebenleistungen AG"));
  await visitor.page.getByLabel("Type the name of the customer").fill("something else");
  await visitor.press("Delete customer");
  await visitor.sees("Type the name as it is");
});
pictured("customer-archived", staff, "/customers", async (visitor) => {
  await visitor.open(await visitor.find("Initech (until 2024)"));
  await visitor.sees("Take back into use");
});
pictured("manage-users", staff, "/customers/GLOBEX/users");
pictured("manage-users-first", staff, "/customers", async (visitor) => {
  await visitor.open(`${await visitor.find("Øresund Energi")}/users`);
  await visitor.sees("has no Administrator yet");
});
pictured("manage-users-change", staff, "/customers/GLOBEX/users", (visitor) => visitor.change("Iris Waiting"));
pictured("manage-users-refused", staff, "/customers/GLOBEX/users", async (visitor) => {
  await visitor.press("Suspend", await visitor.change("Hank Scorpio"));
  await visitor.sees("This is the last active Administrator here.");
});
pictured("manage-secrets", staff, "/customers/GLOBEX/secrets", (visitor) => visitor.page.locator("#add summary").click());
pictured("secret", staff, "/customers/GLOBEX/secrets/SMTP_PASSWORD", async (visitor) => {
  await visitor.press("Delete secret");
  await visitor.sees("It is used by");
});
pictured("features", staff, "/customers/GLOBEX/features");
pictured("users", staff, "/users");
pictured("secrets", staff, "/secrets");
pictured("audit", staff, "/audit", async (visitor) => {
  await visitor.press("Verify now");
  await visitor.sees("Chain verified");
});
pictured("audit-of-customer", staff, "/customers/GLOBEX/audit");
pictured("portal-home", member, "/portal/GLOBEX/home");
pictured("portal-deployments", member, "/portal/GLOBEX/deployments");
pictured("portal-users", member, "/portal/GLOBEX/users");
pictured("portal-secrets", member, "/portal/GLOBEX/secrets");
pictured("portal-secret", member, "/portal/GLOBEX/secrets/SMTP_PASSWORD");
pictured("portal-refused", member, "/portal/GLOBEX/alerts");
pictured("not-found", member, "/customers");

test("the pages before somebody is signed in can be read by everybody", LIMIT, async () => {
  const nobody = await portal.visitor();
  for (const [name, path] of [["sign-in", "/sign-in"], ["signed-out", "/customers"], ["invitation-paste", "/invitation"], ["sign-in-link", portal.link("ada@acme.test")]]) {
    await nobody.open(path);
    await look(nobody, name);
  }
  await nobody.open((await portal.mailbox.next("iris@globex.test")).link);
  await nobody.sees("Accept the invitation");
  await look(nobody, "invitation");
});

test("the page of places can be read by everybody", LIMIT, async () => {
  await ada.open(`/customers/${globex}/users`);
  await ada.invite("Ben at Globex", "ben@acme.test", "Viewer");
  const ben = await portal.signIn("ben@acme.test");
  await ben.accept((await portal.mailbox.next("ben@acme.test")).link);
  await look(ben, "portal-welcome");
  await ben.follow("Places");
  await ben.seesHeading("Your places");
  await look(ben, "places");
});

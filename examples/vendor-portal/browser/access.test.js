// Addresses that are typed by those who should not: what each role is refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LIMIT } from "./patience.js";
import { Portal } from "./portal.js";

let portal, globex, other;
before(async () => {
  portal = await Portal.start();
  const ada = await portal.signIn("ada@acme.test");
  globex = (await ada.find("Globex GmbH")).split("/").at(-1);
  other = (await ada.find("Initrode")).split("/").at(-1);
}, LIMIT);
after(() => portal?.stop(), LIMIT);

/// Types each address, and holds its status against what is expected.
async function types(visitor, expected) {
  for (const [path, status] of Object.entries(expected)) {
    assert.equal(await visitor.open(path.replace("GLOBEX", globex).replace("OTHER", other)), status, path);
    if (status === 403) await visitor.sees(/Your role here is \w+, which does not allow this|This belongs to what is switched off for you/);
    if (status === 404) await visitor.sees("There is no such page, or it is not yours to see.");
  }
}

const STAFF = { "/customers": 200, "/customers/GLOBEX": 200, "/customers/GLOBEX/users": 200, "/customers/GLOBEX/secrets": 200, "/customers/GLOBEX/features": 200, "/secrets": 200 };

test("r1 the vendor's Administrator, User and Viewer each come to what their role allows", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await types(ada, { ...STAFF, "/customers/new": 200, "/users": 200, "/audit": 200, "/customers/GLOBEX/audit": 200, "/portal/GLOBEX/home": 404 });
  const ben = await portal.signIn("ben@acme.test");
  assert.deepEqual(await ben.sections(), ["Customers", "Secrets"]);
  await types(ben, { ...STAFF, "/customers/new": 200, "/users": 403, "/audit": 403, "/customers/GLOBEX/audit": 403 });
  const vera = await portal.signIn("vera@acme.test");
  assert.deepEqual(await vera.sections(), ["Customers", "Secrets"]);
  await vera.seesNo("+ Create Customer");
  await types(vera, { ...STAFF, "/customers/new": 403, "/users": 403, "/audit": 403 });
  await vera.open(`/customers/${globex}/users`);
  await vera.row("Hank Scorpio").waitFor();
  await vera.seesNo("Add user");
  await vera.seesNo("Change");
});

const SECTIONS = { "/portal/GLOBEX/home": 200, "/portal/GLOBEX/deployments": 200, "/portal/GLOBEX/artifacts": 200, "/portal/GLOBEX/licenses": 200, "/portal/GLOBEX/secrets": 200, "/portal/GLOBEX/access_tokens": 200 };
/// What no customer's member comes to: the vendor's portal, and other customers.
const FOREIGN = { "/customers": 404, "/customers/new": 404, "/users": 404, "/audit": 404, "/secrets": 404, "/customers/GLOBEX": 404, "/customers/GLOBEX/features": 404, "/customers/OTHER/users": 404, "/portal/OTHER/home": 404, "/portal/OTHER/users": 404, "/portal/OTHER/secrets": 404 };

test("p1 r4 a customer's Administrator, User and Viewer each come to their sections and nowhere else", LIMIT, async () => {
  const off = { "/portal/GLOBEX/alerts": 403, "/portal/GLOBEX/support": 403 };
  await types(await portal.signIn("hank@globex.test"), { ...SECTIONS, ...off, ...FOREIGN, "/portal/GLOBEX/users": 200 });
  await types(await portal.signIn("uma@globex.test"), { ...SECTIONS, ...off, ...FOREIGN, "/portal/GLOBEX/users": 403 });
  const viktor = await portal.signIn("viktor@globex.test");
  await types(viktor, { ...SECTIONS, ...off, ...FOREIGN, "/portal/GLOBEX/users": 403 });
  await viktor.open(`/portal/${globex}/secrets`);
  await viktor.row("SMTP_PASSWORD").waitFor();
  await viktor.seesNo("Create secret");
});

test("who is not signed in comes to the sign-in and the page of invitations alone", LIMIT, async () => {
  const nobody = await portal.visitor();
  const closed = Object.keys({ ...STAFF, ...SECTIONS, ...FOREIGN, "/places": 0 });
  for (const path of closed) {
    assert.equal(await nobody.open(path.replace("GLOBEX", globex).replace("OTHER", other)), 401, path);
    await nobody.follow("Sign in");
    await nobody.seesHeading("Sign in");
  }
  assert.equal(await nobody.open("/invitation"), 200);
  assert.equal(await nobody.open("/nothing-here"), 404);
  assert.equal(await nobody.open("/sign-in/made-up"), 404);
});

test("r1 a form that a role should not have is refused, whatever page it is sent from", LIMIT, async () => {
  const vera = await portal.signIn("vera@acme.test");
  await vera.open("/customers");
  for (const [path, fields] of [
    ["/customers", { name: "Not Vera's" }],
    [`/customers/${globex}/features`, { had: "artifacts" }],
    [`/customers/${globex}/users`, { name: "X", email: "x@globex.test", role: "viewer" }],
    [`/customers/${globex}/secrets`, { key: "X", value: "x" }],
    [`/customers/${globex}/archive`, {}],
    [`/customers/${globex}/delete`, { name: "Globex GmbH" }],
  ]) {
    const status = await vera.page.evaluate(async ([path, fields]) => {
      const csrf = document.querySelector("input[name=csrf]").value;
      const response = await fetch(path, { method: "POST", body: new URLSearchParams({ csrf, ...fields }) });
      return response.status;
    }, [path, fields]);
    assert.equal(status, 403, path);
  }
  assert.equal(await vera.count("Not Vera's"), 0);
  assert.equal(await vera.count("Globex GmbH"), 1);
});

test("a form of another site is refused", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  // Another site on the same machine: the same address by another name is another origin.
  const evil = `${portal.url.replace("127.0.0.1", "localhost")}/static/icon.svg`;
  const window = await ada.context.newPage();
  await window.route(evil, (route) => route.fulfill({
    contentType: "text/html",
    body: `<form method="post" action="${portal.url}/customers"><input name="name" value="Forged"><button>Win a prize</button></form>`,
  }));
  await window.goto(evil);
  const answer = window.waitForResponse((response) => response.request().method() === "POST");
  await window.getByRole("button", { name: "Win a prize" }).click();
  assert.equal((await answer).status(), 403);
  assert.equal(await ada.count("Forged"), 0);
  // That one asked elsewhere was this test.
  ada.complaints = ada.complaints.filter((complaint) => !complaint.includes(evil));
});

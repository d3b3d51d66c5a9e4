// The whole story, from a customer that is created to the colleague whom its Administrator invites; and what becomes of links.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LIMIT } from "./patience.js";
import { Portal } from "./portal.js";

let portal;
before(async () => { portal = await Portal.start(); }, LIMIT);
after(() => portal?.stop(), LIMIT);

test("a customer is created, its first user invited by mail, who lets a colleague in and out", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.section("Customers");
  await ada.create("Vandelay Industries");
  await ada.seesHeading("Customers");
  const row = ada.row("Vandelay Industries");
  assert.deepEqual(await row.getByRole("cell").allTextContents().then((cells) => cells.slice(0, 2)), ["0", "0"]);

  await ada.follow("Manage users of Vandelay Industries", row);
  await ada.sees("The first user is always an Administrator");
  await ada.invite("Art Vandelay", "art@vandelay.test", "Viewer");
  await ada.sees("Art Vandelay is invited as Administrator. You asked for Viewer, but the first user is always an Administrator");
  await ada.sees("the first user is always an Administrator", ada.row("Art Vandelay"));

  const mail = await portal.mailbox.next("art@vandelay.test");
  assert.match(mail.parsed.text, /Hello Art Vandelay,[^]*join Vandelay Industries, a customer of Acme Software,\s+as administrator\./);
  await ada.seesInTime("mail sent", ada.row("Art Vandelay"));

  const art = await portal.visitor();
  await art.open(mail.link);
  await art.sees("Ada Lovelace invites you");
  await art.sees("Vandelay Industries, a customer of Acme Software");
  await ada.page.reload();
  assert.match(await ada.row("Art Vandelay").locator("[data-label=State]").textContent(), /^Invited/);
  await art.press("Accept the invitation");
  await art.sees("Welcome! You are Administrator of Vandelay Industries");
  await art.seesHeading("Home");
  assert.deepEqual(await art.sections(), ["Home", "Deployments", "Artifacts", "Licenses", "Users", "Secrets", "Access Tokens"]);

  await art.section("Users");
  await art.invite("Bea Kramer", "bea@vandelay.test", "User");
  const bea = await portal.visitor();
  await bea.accept((await portal.mailbox.next("bea@vandelay.test")).link);
  await bea.sees("You are User of Vandelay Industries");
  assert.deepEqual(await bea.sections(), ["Home", "Deployments", "Artifacts", "Licenses", "Secrets", "Access Tokens"]);

  await art.section("Users");
  await art.sees("Active", art.row("Bea Kramer"));
  await art.press("Remove Bea Kramer", await art.change("Bea Kramer"));
  await art.sees("Bea Kramer is removed.");
  await bea.section("Licenses");
  await bea.sees("There is no such page, or it is not yours to see.");
});

test("d5 the mail has a text, an HTML part and a Message-ID, and its token in no header", LIMIT, async () => {
  const ben = await portal.signIn("ben@acme.test");
  await ben.create("Kramerica");
  await ben.follow("Manage users of Kramerica");
  await ben.invite("Cosmo \"K\" <Kramer>", "cosmo@kramerica.test", "Administrator");
  const mail = await portal.mailbox.next("cosmo@kramerica.test");
  const token = new URL(mail.link).hash.slice(1);
  assert.ok(token.length >= 32, "the token is long");
  assert.equal(mail.link, `${portal.url}/invitation#${token}`);
  assert.deepEqual(mail.to, ["cosmo@kramerica.test"]);
  assert.match(mail.headers, /^Message-ID: <\S+@\S+>$/im);
  assert.match(mail.headers, /^From: "?Acme Software"? <no-reply@acme\.test>$/im);
  assert.match(mail.headers, /^Content-Type: multipart\/alternative/im);
  assert.ok(!mail.headers.includes(token), "the token is in a header");
  const reader = await portal.visitor();
  await reader.page.setContent(mail.parsed.html);
  await reader.sees("Hello Cosmo \"K\" <Kramer>,");
  const button = reader.page.getByRole("link", { name: "Accept the invitation" });
  assert.equal(await button.getAttribute("href"), mail.link);
  // Who invited sees neither the token nor the link: it goes to the invited person alone. Neither does the log have it.
  assert.ok(!(await ben.answers()).includes(token), "the token came to the one who invited");
  assert.ok(!portal.log.includes(token), "the token is in the log");
  await ben.seesInTime("mail sent", ben.row("Kramer"));
});

test("u3 a mail scanner that opens the link does not use it up, and a used link says so", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.create("Pendant Publishing");
  await ada.follow("Manage users of Pendant Publishing");
  await ada.invite("Elaine Benes", "elaine@pendant.test", "Administrator");
  const { link } = await portal.mailbox.next("elaine@pendant.test");

  // A scanner that asks for the address, and one that runs the scripts of the page as well.
  for (const method of ["GET", "HEAD"]) assert.equal((await fetch(link, { method })).status, 200);
  const scanner = await portal.visitor();
  await scanner.open(link);
  await scanner.sees("Accept the invitation");

  const elaine = await portal.visitor();
  await elaine.accept(link);
  await elaine.page.goto("about:blank");
  await elaine.open(link);
  await elaine.sees("This invitation does not work: it was used, withdrawn, replaced by a newer one, or is too old.");
  await scanner.press("Accept the invitation");
  await scanner.sees("This invitation does not work");
  await scanner.open("/places");
  await scanner.sees("Please sign in");
});

test("d5 the token of an invitation is in no address and no header that a browser sends", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.create("Soylent");
  await ada.follow("Manage users of Soylent");
  await ada.invite("Sol Roth", "sol@soylent.test", "Administrator");
  const { link } = await portal.mailbox.next("sol@soylent.test");

  const sol = await portal.visitor();
  const requests = [];
  sol.context.on("request", (request) => requests.push(request));
  await sol.accept(link);
  assert.ok(requests.some((request) => request.method() === "POST" && request.url() === `${portal.url}/invitation`));
  for (const request of requests) {
    // The page of the link itself is asked for without what stands behind the "#".
    const said = JSON.stringify(await request.allHeaders()) + request.url().split("#")[0];
    assert.doesNotMatch(said, /tny_inv_/);
  }
});

test("an invitation is sent again, withdrawn and declined", LIMIT, async () => {
  const ada = await portal.signIn("ada@acme.test");
  await ada.open(`${await ada.find("Müller & Söhne")}/users`);
  await ada.invite("Udo Müller", "udo@mueller.test", "Administrator");
  const first = await portal.mailbox.next("udo@mueller.test");
  await ada.press("Send the invitation again", await ada.change("Udo Müller"));
  await ada.sees("Udo Müller is invited again");
  const second = await portal.mailbox.next("udo@mueller.test");
  assert.notEqual(second.link, first.link);

  const udo = await portal.visitor();
  await udo.open(first.link);
  await udo.sees("This invitation does not work");
  await ada.press("Withdraw the invitation", await ada.change("Udo Müller"));
  await ada.sees("The invitation is withdrawn");
  await ada.sees("Nobody yet.");
  await udo.page.goto("about:blank");
  await udo.open(second.link);
  await udo.sees("This invitation does not work");

  await ada.invite("Uwe Müller", "uwe@mueller.test", "Administrator");
  await udo.page.goto("about:blank");
  await udo.open((await portal.mailbox.next("uwe@mueller.test")).link);
  await udo.press("Decline");
  await udo.sees("is declined. Its link no longer works.");
  await ada.page.reload();
  await ada.sees("Nobody yet.");
});

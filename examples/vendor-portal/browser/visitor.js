// A person before a browser: what they do and see, in their words.
import assert from "node:assert/strict";
import { PATIENCE } from "./patience.js";

export class Visitor {
  /// What no page should do: scripts that fail, what the policy of contents stops, what is loaded from elsewhere.
  complaints = [];
  /// Every response that came: its address, its headers and its text.
  #responses = [];

  static async of(context, url) {
    const visitor = new Visitor();
    visitor.context = context;
    visitor.page = await context.newPage();
    const complain = (text) => visitor.complaints.push(text);
    context.on("weberror", (error) => complain(`a script failed: ${error.error()}`));
    context.on("console", (message) => {
      // That the browser notes refusals is no fault: they are looked at where they are wanted.
      const isRefusal = /^Failed to load resource: the server responded with a status of 4\d\d|^Response Status Error Code 4\d\d/;
      if (message.type() === "error" && !isRefusal.test(message.text())) complain(`the console says: ${message.text()}`);
    });
    context.on("request", (request) => {
      if (!request.url().startsWith(`${url}/`)) complain(`something is asked for elsewhere: ${request.url()}`);
    });
    context.on("response", (response) => {
      // A redirect has no text.
      const body = response.text().catch(() => "");
      visitor.#responses.push(Promise.all([response.url(), response.allHeaders().then(JSON.stringify).catch(() => ""), body]));
    });
    return visitor;
  }

  /// Everything that this browser was answered so far.
  async answers() {
    return (await Promise.all(this.#responses)).flat().join("\n");
  }

  /// Goes to an address, and answers the status.
  async open(path) {
    return (await this.page.goto(path)).status();
  }

  /// Where the window is, without the notice that was left for it.
  get address() {
    const url = new URL(this.page.url());
    url.searchParams.delete("notice");
    return url.pathname + url.search;
  }

  async press(name, within = this.page) {
    await within.getByRole("button", { name, exact: true }).click();
  }

  async follow(name, within = this.page) {
    await within.getByRole("link", { name, exact: true }).click();
  }

  async type(label, text, within = this.page) {
    await this.field(label, within).fill(text);
  }

  async choose(label, option, within = this.page) {
    await this.field(label, within).selectOption({ label: option });
  }

  field(label, within = this.page) {
    return within.getByLabel(label, { exact: true });
  }

  /// The row of a table that this is the head of.
  row(name) {
    return this.page.getByRole("row").filter({ has: this.page.getByRole("rowheader", { name }) });
  }

  /// Waits until the text stands somewhere to be read.
  async sees(text, within = this.page) {
    await within.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /// Loads the page until the text stands there: what happens meanwhile in the program is not waited for by a page.
  async seesInTime(text, within) {
    const end = Date.now() + PATIENCE;
    while ((await within.getByText(text).count()) === 0) {
      assert.ok(Date.now() < end, `${text} does not come`);
      await this.page.reload();
    }
  }

  async seesHeading(name) {
    await this.page.getByRole("heading", { name, exact: true }).waitFor();
  }

  /// The page is there, and the text is not on it.
  async seesNo(text, within = this.page) {
    assert.equal(await within.getByText(text).filter({ visible: true }).count(), 0, `${text} is on the page`);
  }

  #menu() {
    return this.page.getByRole("navigation", { name: "Sections" });
  }

  /// The names of the sections in the menu.
  async sections() {
    return this.#menu().getByRole("link").allTextContents();
  }

  /// Goes to a section by the menu.
  async section(name) {
    await this.follow(name, this.#menu());
  }

  /// The address of the customer with this name, found as staff find it.
  async find(name) {
    await this.open(`/customers?q=${encodeURIComponent(name)}&status=any`);
    const link = this.page.getByRole("rowheader").getByRole("link", { name, exact: true });
    return link.first().getAttribute("href");
  }

  /// How many customers the list has whose name has this in it.
  async count(name) {
    await this.open(`/customers?q=${encodeURIComponent(name)}&status=any`);
    return this.page.getByRole("rowheader").count();
  }

  /// Creates a customer on the page, and answers its address.
  async create(name) {
    await this.open("/customers");
    await this.follow("+ Create Customer");
    await this.type("Name", name);
    await this.press("Create customer");
    await this.sees(`${name} was created.`);
    return this.page.getByRole("rowheader").getByRole("link", { name, exact: true }).first().getAttribute("href");
  }

  /// Invites a person on the page of users where the window is.
  async invite(name, email, role) {
    const form = this.page.locator("#add");
    if ((await form.getAttribute("open")) === null) await form.locator("summary").click();
    await this.type("Name", name, form);
    await this.type("E-mail", email, form);
    await this.choose("Role", role, form);
    await this.press("Invite user", form);
    await this.sees(`${name} is invited as`);
  }

  /// Opens the link of a mail and accepts.
  async accept(link) {
    await this.page.goto("about:blank");
    await this.open(link);
    await this.press("Accept the invitation");
    await this.sees("Welcome!");
  }

  /// Opens what can be changed about a member, and answers it.
  async change(name) {
    const row = this.row(name);
    await row.locator("details > summary").click();
    return row.locator("details .panel");
  }
}

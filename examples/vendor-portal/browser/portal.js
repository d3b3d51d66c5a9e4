// The portal as a program of its own, with a mail server that it sends to and a browser that looks at it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { Mailbox } from "./mailbox.js";
import { PATIENCE } from "./patience.js";
import { Visitor } from "./visitor.js";

/// The people of the demonstration, as their links are printed.
const PEOPLE = ["ada@acme.test", "ben@acme.test", "vera@acme.test", "hank@globex.test", "uma@globex.test", "viktor@globex.test"];

// Who stops the tests from outside stops what they started: what hangs on `exit` below is then run, too.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => process.exit(1));

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`the environment must give ${name}; \`cargo xtask test --only browser\` does`);
  return value;
}

export class Portal {
  #program;
  #folder;
  #browser;
  #visitors = [];
  #links = new Map();
  /// What the program wrote to its standard error, on the level of traces.
  log = "";

  /// Starts everything. `options` are further options of the program.
  static async start(...options) {
    const portal = new Portal();
    try {
      await portal.#start(options);
    } catch (error) {
      await portal.#end();
      throw error;
    }
    return portal;
  }

  async #start(options) {
    this.mailbox = await Mailbox.open();
    this.#folder = await mkdtemp(join(tmpdir(), "vendor-portal-"));
    const server = ["--smtp", `127.0.0.1:${this.mailbox.port}`, "--smtp-encryption", "none"];
    const words = ["--db", join(this.#folder, "portal.db"), "--listen", "127.0.0.1:0", "--log", "trace", ...server, ...options];
    const program = spawn(needed("PORTAL"), words, { stdio: ["ignore", "pipe", "pipe"] });
    this.#program = program;
    process.once("exit", () => program.kill("SIGKILL"));
    program.stderr.setEncoding("utf8").on("data", (text) => { this.log += text; });
    const ended = once(program, "exit").then(([code, signal]) => {
      throw new Error(`the portal ended with ${code ?? signal}:\n${this.log.slice(-2_000)}`);
    });
    ended.catch(() => {});
    await Promise.race([this.#read(program.stdout), ended]);
    this.#browser = await chromium.launch({ executablePath: needed("CHROMIUM"), timeout: PATIENCE });
  }

  /// Reads where the portal is, and the links to sign in.
  async #read(output) {
    const lines = createInterface({ input: output });
    await new Promise((resolve, reject) => {
      lines.once("close", () => reject(new Error(`the portal printed no links:\n${this.log.slice(-2_000)}`)));
      lines.on("line", (line) => {
        this.url ??= /^The portal is at (http:\S+)\. /.exec(line)?.[1];
        const link = /(http:\S+\/sign-in\/\S+)$/.exec(line)?.[1];
        if (link) this.#links.set(PEOPLE[this.#links.size], link);
        if (this.#links.size === PEOPLE.length) resolve();
      });
    });
  }

  /// A new browser, of nobody yet: `options` are those of Playwright's contexts.
  async visitor(options = {}) {
    const context = await this.#browser.newContext({ baseURL: this.url, reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(PATIENCE);
    const visitor = await Visitor.of(context, this.url);
    this.#visitors.push(visitor);
    return visitor;
  }

  /// A new browser in which this person of the demonstration is signed in.
  async signIn(email, options = {}) {
    const visitor = await this.visitor(options);
    await visitor.open(this.#links.get(email));
    await visitor.press(`Sign in as ${email}`);
    await visitor.sees("Sign out");
    return visitor;
  }

  /// The link by which this person of the demonstration signs in.
  link(email) {
    return this.#links.get(email);
  }

  /// What the files of the store hold, byte by byte.
  async files() {
    const names = await readdir(this.#folder);
    return Buffer.concat(await Promise.all(names.map((name) => readFile(join(this.#folder, name)))));
  }

  /// Ends everything, and tells when a page did what no page should, or the program did not end well.
  async stop() {
    const complaints = this.#visitors.flatMap((visitor) => visitor.complaints);
    const code = await this.#end();
    if (code !== 0) complaints.push(`the portal ended with ${code}:\n${this.log.slice(-2_000)}`);
    if (/ERROR|panicked/.test(this.log)) complaints.push(this.log.split("\n").filter((line) => /ERROR|panicked/.test(line)).join("\n"));
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
  }

  async #end() {
    await this.#browser?.close();
    let code = null;
    if (this.#program) {
      const program = this.#program;
      const killer = setTimeout(() => program.kill("SIGKILL"), PATIENCE);
      if (program.exitCode === null && program.signalCode === null) {
        const ended = once(program, "exit");
        program.kill("SIGTERM");
        await ended;
      }
      clearTimeout(killer);
      code = program.exitCode ?? program.signalCode;
    }
    await this.mailbox?.close();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    return code;
  }
}

// A mail server on this machine that keeps what it is sent.
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { PATIENCE } from "./patience.js";

export class Mailbox {
  #server;
  #kept = [];
  #waiting = [];

  static async open() {
    const mailbox = new Mailbox();
    mailbox.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS", "AUTH"],
      onData: (stream, session, done) => mailbox.#take(stream, session).then(() => done(), done),
    });
    mailbox.#server.listen(0, "127.0.0.1");
    await once(mailbox.#server.server, "listening");
    mailbox.port = mailbox.#server.server.address().port;
    return mailbox;
  }

  async #take(stream, session) {
    const raw = await text(stream);
    const mail = { raw, to: session.envelope.rcptTo.map((it) => it.address), parsed: await simpleParser(raw) };
    mail.headers = raw.slice(0, raw.indexOf("\r\n\r\n"));
    mail.link = /http:\S+\/invitation#\S+/.exec(mail.parsed.text)?.[0];
    const index = this.#waiting.findIndex((waiting) => mail.to.includes(waiting.address));
    if (index < 0) this.#kept.push(mail);
    else this.#waiting.splice(index, 1)[0].resolve(mail);
  }

  /// The next mail to this address, as soon as it is there.
  next(address) {
    const index = this.#kept.findIndex((mail) => mail.to.includes(address));
    if (index >= 0) return this.#kept.splice(index, 1)[0];
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no mail came to ${address}`)), PATIENCE);
      this.#waiting.push({ address, resolve: (mail) => { clearTimeout(timer); resolve(mail); } });
    });
  }

  close() {
    return new Promise((resolve) => this.#server.close(resolve));
  }
}

// One channel a client is subscribed to: which connection brings it, and what is missing.

import { AnswerTimeoutError, RefusedError } from "./errors.js";
import { readPublications } from "./reading.js";
import { Sequence } from "./sequence.js";
import { Subscription } from "./subscription.js";

const HOLD = 1_000; // ms to wait for a publication that was overtaken, before asking for it
const PAGE = 100; // publications

/**
 * `onStale` is called when it has to be subscribed to again; `pauseAfter` gives ms, by the number of failures and the
 * last of them.
 */
export class Channel {
  #agenda;
  #pauseAfter;
  #onStale;
  #sequence;
  #asked = null; // the connection whose answer is awaited
  #early = []; // what came over it meanwhile
  #waiting = null; // calls the wait for a missing publication off
  #reading = false;

  /** The connections that bring it, the newest last: two while one takes over from the other. */
  links = [];

  constructor(name, { since, limit, leave, agenda, pauseAfter, onStale }) {
    this.name = name;
    this.subscription = new Subscription(name, { since, limit, leave });
    this.#sequence = new Sequence(since);
    this.#agenda = agenda;
    this.#pauseAfter = pauseAfter;
    this.#onStale = onStale;
  }

  /** The position of the last publication that is with the application; null where there is none. */
  get position() {
    return this.#sequence.position;
  }

  /** The newest of them; null while none brings it. */
  get link() {
    return this.links.at(-1) ?? null;
  }

  /** What to ask the server for. */
  get wish() {
    return this.position ? { channel: this.name, since: this.position } : { channel: this.name };
  }

  /** A subscription was asked for over `link`; what it brings is held back until the answer is there. */
  ask(link) {
    this.#asked = link;
    this.#early = [];
  }

  /** The server said yes: `answer` is its part about this channel. */
  start(link, { position, recovered, publications }) {
    this.links = [...this.links, link].sort((one, other) => one.openedAt - other.openedAt);
    this.#asked = null;
    this.subscription.start(position);
    for (const publication of publications) this.#show(this.#sequence.take(publication));
    if (position && !recovered) this.#goOn(position, recovered);
    for (const publication of this.#early.splice(0)) this.receive(link, publication);
    this.#look();
  }

  /** A publication has come over `link`. */
  receive(link, publication) {
    if (!publication.position) {
      this.#show([publication]);
    } else if (link === this.#asked && !this.link) {
      this.#early.push(publication);
    } else {
      this.#show(this.#sequence.take(publication));
      this.#look();
    }
  }

  /** The server says that the channel has gone on, up to `position`. */
  catchUp(position) {
    this.#sequence.aim(position);
    this.#read(position);
  }

  /** A connection has ended. */
  forget(link) {
    this.links = this.links.filter((each) => each !== link);
    if (this.#asked === link) this.#asked = null;
  }

  /** The server said no, or the client is closed. */
  finish(error) {
    this.#waiting?.();
    this.links = [];
    this.subscription.finish(error);
  }

  /** What was not recovered is lost; nothing is, where nothing was asked for: then it was asked twice. */
  #goOn(position, recovered) {
    if (recovered === null && this.position?.epoch === position.epoch) this.#sequence.aim(position);
    else this.#show(this.#sequence.startAt(position, "unrecovered"));
  }

  #show(items) {
    for (const item of items) this.subscription.deliver({ ...item, channel: this.name });
  }

  #look() {
    if (!this.#sequence.isBehind) {
      this.#waiting?.();
      this.#waiting = null;
    } else if (this.#sequence.isFull) {
      this.#read();
    } else {
      this.#waiting ??= this.#agenda.after(HOLD, () => this.#read());
    }
  }

  /** Read what is missing, also what is up to `head`, until there is an answer. */
  async #read(head = null) {
    const { link } = this;
    this.#waiting?.();
    this.#waiting = null;
    if (!link || this.#reading || !(head || this.#sequence.isBehind)) return;
    this.#reading = true;
    for (let failures = 0, again = true; again && this.link === link && link.isOpen; failures++) {
      again = await this.#readPages(link).then(() => false, (error) => this.#failRead(link, error, head, failures));
    }
    this.#reading = false;
    if (this.link) this.#look();
  }

  /** What the history has not is lost, as whatever was pushed is in it (G1). */
  async #readPages(link) {
    const { offset, strange } = this.#sequence.horizon;
    const { epoch } = this.position;
    let before, page;
    do {
      before = this.position;
      page = await link.request({ action: "channel.history", channel: this.name, since: this.position, limit: PAGE });
      if (this.position.epoch !== epoch) return; // another connection has said so meanwhile
      this.#show(this.#sequence.fill(readPublications(this.name, page.publications)));
    } while (page.more && this.position !== before);
    this.#sequence.forgetStrange(strange);
    this.#show(this.#sequence.giveUp(offset));
  }

  /** Returns whether to ask again. */
  async #failRead(link, error, head, failures) {
    if (error.retry) await this.#agenda.sleep(this.#pauseAfter(failures, error));
    else if (error instanceof RefusedError && this.link === link) this.#moveOn(error, head);
    else if (error instanceof TypeError) link.cut(error.message); // the answer makes no sense
    return error.retry || error instanceof AnswerTimeoutError;
  }

  #moveOn({ code }, head) {
    const items = code === "history_gone" ? this.#sequence.moveOn(head) : [];
    this.#show(items);
    if (!items.length) this.#renew();
  }

  /** Subscribe again: the answer says where to go on, or that one may not. */
  #renew() {
    this.links = [];
    this.#onStale();
  }
}

// The state of one subscription: the connections that bring the channel, and the recovery of publications.

import { AnswerTimeoutError, RefusedError } from "./errors.js";
import { readPublications } from "./decoding.js";
import { ReorderBuffer } from "./reordering.js";
import { Subscription } from "./subscription.js";

const HOLD = 1_000; // ms to wait for a missing publication before the history is read
const PAGE = 100; // publications in a page of history

/**
 * `onStale` is called when the channel has to be subscribed to again. `backoff` returns a pause in ms for a number of
 * failures and the last error.
 */
export class Channel {
  #timers;
  #backoff;
  #onStale;
  #buffer;
  #requestedOn = null; // the connection on which a subscribe is under way
  #early = []; // publications that came before the answer
  #cancelWait = null; // cancels the wait for a missing publication
  #recovering = false;

  /** The connections that bring the channel, the newest last. There are two during a roll-over. */
  connections = [];

  constructor(name, { since, limit, leave, timers, backoff, onStale }) {
    this.name = name;
    this.subscription = new Subscription(name, { since, limit, leave });
    this.#buffer = new ReorderBuffer(since);
    this.#timers = timers;
    this.#backoff = backoff;
    this.#onStale = onStale;
  }

  /** The position of the last item that was delivered, or null. */
  get position() {
    return this.#buffer.position;
  }

  /** The newest connection, or null. */
  get connection() {
    return this.connections.at(-1) ?? null;
  }

  /** The channel as a `channel.subscribe` request names it. */
  get requestFields() {
    return this.position ? { channel: this.name, since: this.position } : { channel: this.name };
  }

  /** A subscribe is under way. Its publications are held back until the answer arrives. */
  ask(connection) {
    this.#requestedOn = connection;
    this.#early = [];
  }

  /** The server has subscribed a connection to the channel. */
  start(connection, { position, recovered, publications }) {
    this.connections = [...this.connections, connection].sort((one, other) => one.openedAt - other.openedAt);
    this.#requestedOn = null;
    this.subscription.start(position);
    for (const publication of publications) this.#show(this.#buffer.take(publication));
    if (position && !recovered) this.#skip(position, recovered);
    for (const publication of this.#early.splice(0)) this.receive(connection, publication);
    this.#scheduleRecovery();
  }

  /** Take a publication from a connection. */
  receive(connection, publication) {
    if (!publication.position) {
      this.#show([publication]);
    } else if (connection === this.#requestedOn && !this.connection) {
      this.#early.push(publication);
    } else {
      this.#show(this.#buffer.take(publication));
      this.#scheduleRecovery();
    }
  }

  /** The server says that there are publications up to `position`. */
  catchUp(position) {
    this.#buffer.aim(position);
    this.#recover(position);
  }

  /** A connection has ended. */
  forget(connection) {
    this.connections = this.connections.filter((each) => each !== connection);
    if (this.#requestedOn === connection) this.#requestedOn = null;
  }

  /** The server refused the subscription, or the client is closed. */
  finish(error) {
    this.#cancelWait?.();
    this.connections = [];
    this.subscription.finish(error);
  }

  /** Go on at the server's position. Without a recovery in the answer another connection has subscribed already. */
  #skip(position, recovered) {
    if (recovered === null && this.position?.epoch === position.epoch) this.#buffer.aim(position);
    else this.#show(this.#buffer.startAt(position, "unrecovered"));
  }

  #show(items) {
    for (const item of items) this.subscription.deliver({ ...item, channel: this.name });
  }

  #scheduleRecovery() {
    if (!this.#buffer.isBehind) {
      this.#cancelWait?.();
      this.#cancelWait = null;
    } else if (this.#buffer.isFull) {
      this.#recover();
    } else {
      this.#cancelWait ??= this.#timers.after(HOLD, () => this.#recover());
    }
  }

  /** Read the history until nothing is missing, also up to `head`. */
  async #recover(head = null) {
    const { connection } = this;
    this.#cancelWait?.();
    this.#cancelWait = null;
    if (!connection || this.#recovering || !(head || this.#buffer.isBehind)) return;
    this.#recovering = true;
    for (let failures = 0, again = true; again && this.connection === connection && connection.isOpen; failures++) {
      again = await this.#recoverPages(connection).then(
        () => false,
        (error) => this.#recoverAfterError(connection, error, head, failures),
      );
    }
    this.#recovering = false;
    if (this.connection) this.#scheduleRecovery();
  }

  /** Read page after page. Publications that the history does not have are lost (G1). */
  async #recoverPages(connection) {
    const { offset, otherEpoch } = this.#buffer.horizon;
    const { epoch } = this.position;
    let before, page;
    do {
      before = this.position;
      const request = { action: "channel.history", channel: this.name, since: this.position, limit: PAGE };
      page = await connection.request(request);
      if (this.position.epoch !== epoch) return; // another connection has brought a new epoch meanwhile
      this.#show(this.#buffer.fill(readPublications(this.name, page.publications)));
    } while (page.more && this.position !== before);
    this.#buffer.forgetOtherEpoch(otherEpoch);
    this.#show(this.#buffer.giveUp(offset));
  }

  /** Handle an error of the history. Returns whether to read it again. */
  async #recoverAfterError(connection, error, head, failures) {
    if (error.retry) await this.#timers.sleep(this.#backoff(failures, error));
    else if (error instanceof RefusedError && this.connection === connection) this.#moveOn(error, head);
    else if (error instanceof TypeError) connection.cut(error.message); // a malformed answer
    return error.retry || error instanceof AnswerTimeoutError;
  }

  #moveOn({ code }, head) {
    const items = code === "history_gone" ? this.#buffer.moveOn(head) : [];
    this.#show(items);
    if (!items.length) this.#renew();
  }

  /** Subscribe again. The answer says where the channel goes on, or refuses it. */
  #renew() {
    this.connections = [];
    this.#onStale();
  }
}

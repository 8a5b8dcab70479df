// Keeps a client connected: reconnects with backoff and rolls over before a connection gets too old.

import { ClosedError, RefusedError } from "./errors.js";
import { Connection } from "./connection.js";

const RECONNECT_PAUSE = 3_000; // ms; the ceiling of the first pause, so that a crowd does not return at once
const LONGEST_PAUSE = 30_000; // ms
const STEADY = 10_000; // ms; a connection that lived as long resets the backoff
const LIFE = 110 * 60_000; // ms until the roll-over; API Gateway ends a connection after two hours
const SPREAD = 5 * 60_000; // ms of random deviation from LIFE, either way

/** Exponential backoff with full jitter, in ms. The ceiling doubles from `first` with each failure. */
export function backoff(failures, random, first = RECONNECT_PAUSE) {
  return random() * Math.min(LONGEST_PAUSE, first * 2 ** failures);
}

/**
 * `address` returns {url, protocols} for each attempt. `isFinal` says whether a refusal ends the client. `owner`
 * gets the calls of a Connection, and three more: `onState` (the detail of a new state), `prepare` (subscribe a new
 * connection) and `onServe` (the welcome of a connection that is in use now).
 */
export class Connector {
  #timers;
  #random;
  #address;
  #isFinal;
  #owner;
  #connections = new Set();
  #attempt = null; // {connection, welcome} of the attempt under way
  #retry = null; // {at, cancel} of the attempt after a pause
  #failures = 0;
  #cancelRollOver = () => {};

  state = "idle";

  /** The connection in use, or null. */
  connection = null;

  constructor({ timers, random, address, isFinal, owner }) {
    this.#timers = timers;
    this.#random = random;
    this.#address = address;
    this.#isFinal = isFinal;
    this.#owner = owner;
  }

  /** Connect now, without the rest of the pause. */
  connect() {
    if (this.state === "closed" || this.#attempt || this.connection) return;
    this.#cancelRetry();
    this.#try();
  }

  /** Run overdue timers, probe the connection, and start the backoff anew. */
  wake() {
    this.#timers.catchUp();
    this.connection?.probe();
    if (this.state === "waiting") {
      this.#cancelRetry();
      this.#failures = 0;
      this.#wait();
    }
  }

  /** Cut every connection. The client reconnects by itself, after `pause` ms if given. */
  cut(reason, pause = null) {
    if (pause !== null && this.state !== "closed") {
      this.#cancelRetry();
      this.#scheduleRetry(pause);
    }
    // The newest first: a new connection must not take over from the one that is cut.
    for (const connection of [...this.#connections].reverse()) connection.cut(reason);
  }

  /** Replace a connection soon, if it is the one in use. */
  renew(connection) {
    if (this.connection !== connection || this.#attempt || this.#retry) return;
    this.#resetBackoff();
    this.#wait();
  }

  /** Close for good. */
  close(error = null) {
    if (this.state === "closed") return;
    this.#cancelRetry();
    this.#cancelRollOver();
    this.#attempt = this.connection = null;
    this.#enter("closed", { error });
    const lost = error ? undefined : new ClosedError("the client is closed");
    for (const connection of [...this.#connections]) connection.cut("closed", lost);
  }

  #rollOver() {
    this.#failures = 0;
    if (!this.#attempt && !this.#retry) this.#try();
  }

  async #try() {
    const attempt = (this.#attempt = { connection: null, welcome: null });
    this.#retry = null;
    if (!this.connection) this.#enter("connecting");
    try {
      const { url, protocols } = await this.#address();
      if (this.#attempt !== attempt) return;
      const owner = { ...this.#owner, onEnd: (connection, end) => this.#ended(connection, end) };
      attempt.connection = new Connection(url, protocols, this.#timers, owner);
      this.#connections.add(attempt.connection);
      await this.#takeOver(attempt, await attempt.connection.start());
    } catch (error) {
      if (this.#attempt === attempt) this.#fail(attempt, error);
    }
  }

  async #takeOver(attempt, welcome) {
    if (this.#attempt !== attempt) return;
    attempt.welcome = welcome;
    if (!this.connection) this.#serve(attempt);
    await this.#owner.prepare(attempt.connection);
    if (this.#attempt === attempt) this.#serve(attempt);
  }

  #serve({ connection, welcome }) {
    const old = this.connection;
    this.connection = connection;
    this.#attempt = null;
    this.#cancelRollOver();
    const life = LIFE + SPREAD * (2 * this.#random() - 1);
    this.#cancelRollOver = this.#timers.after(life, () => this.#rollOver());
    if (!old) this.#enter("connected", { welcome });
    old?.retire();
    this.#owner.onServe(welcome);
  }

  #fail(attempt, error) {
    if (isRefusal(error) && this.#isFinal) {
      this.close(error);
    } else if (attempt.connection) {
      attempt.connection.cut(error.message);
    } else {
      this.#attempt = null;
      this.#wait({ reason: error.message });
    }
  }

  #ended(connection, end) {
    this.#connections.delete(connection);
    this.#owner.onEnd(connection);
    const attempted = this.#attempt?.connection === connection;
    if (attempted) this.#attempt = null;
    if (this.connection === connection) {
      this.#resetBackoff();
      this.#cancelRollOver();
      this.connection = null;
    } else if (!attempted) {
      return; // retired, or the client is closed
    }
    this.#wait(end);
    // The next connection is not subscribed yet, but better than none.
    if (this.#attempt?.welcome && !this.connection) this.#serve(this.#attempt);
  }

  /** Schedule the next attempt, unless one is under way. */
  #wait(end = {}) {
    if (!this.#attempt && !this.#retry) {
      this.#scheduleRetry(backoff(this.#failures++, this.#random));
    }
    if (this.connection) return;
    if (this.#attempt) this.#enter("connecting", end);
    else this.#enter("waiting", { retryAt: this.#retry.at, ...end });
  }

  #resetBackoff() {
    if (this.#timers.now - this.connection.openedAt >= STEADY) this.#failures = 0;
  }

  #scheduleRetry(pause) {
    this.#retry = { at: this.#timers.now + pause, cancel: this.#timers.after(pause, () => this.#try()) };
  }

  #cancelRetry() {
    this.#retry?.cancel();
    this.#retry = null;
  }

  #enter(state, detail = {}) {
    this.state = state;
    this.#owner.onState({ state, ...detail });
  }
}

function isRefusal(error) {
  return error instanceof RefusedError && ["unauthorized", "forbidden"].includes(error.code);
}

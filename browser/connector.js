// A connection at all times: attempts, pauses between them, and a new one before the old one ends.

import { ClosedError, RefusedError } from "./errors.js";
import { Link } from "./link.js";

const RECONNECT_PAUSE = 3_000; // ms, the longest first one: who is cut off together spreads
const LONGEST_PAUSE = 30_000; // ms
const STEADY = 10_000; // ms of a connection, after which the next pause is a short one again
const LIFE = 110 * 60_000; // ms of a connection; API Gateway ends it after two hours
const SPREAD = 5 * 60_000; // ms which that may differ, either way

/** How long to wait after so many failures, in ms: full jitter below a ceiling that doubles from `first`. */
export function pauseAfter(failures, random, first = RECONNECT_PAUSE) {
  return random() * Math.min(LONGEST_PAUSE, first * 2 ** failures);
}

/**
 * `address` gives {url, protocols} for each attempt, `isFinal` says whether a refusal of it is for good. Calls
 * `owner`: what a Link calls, and `onState` (each state's detail), `prepare` (a link, before it takes over from
 * another, or when it has begun to serve), `onServe` (the welcome of a link that has).
 */
export class Connector {
  #agenda;
  #random;
  #address;
  #isFinal;
  #owner;
  #links = new Set();
  #attempt = null; // {link, welcome}, under way
  #retry = null; // {at, callOff}, the attempt after a pause
  #failures = 0;
  #callOffRollOver = () => {};

  state = "idle";

  /** The link that serves; null while none does. */
  link = null;

  constructor({ agenda, random, address, isFinal, owner }) {
    this.#agenda = agenda;
    this.#random = random;
    this.#address = address;
    this.#isFinal = isFinal;
    this.#owner = owner;
  }

  /** Connect now, whatever pause was left. */
  connect() {
    if (this.state === "closed" || this.#attempt || this.link) return;
    this.#callOffRetry();
    this.#try();
  }

  /** Something has changed: do what is overdue, see whether the connection lives, wait no longer than at first. */
  wake() {
    this.#agenda.catchUp();
    this.link?.probe();
    if (this.state === "waiting") {
      this.#callOffRetry();
      this.#failures = 0;
      this.#wait();
    }
  }

  /** Lose every connection; it comes back by itself, after `pause` ms if that is given. */
  cut(reason, pause = null) {
    if (pause !== null && this.state !== "closed") {
      this.#callOffRetry();
      this.#scheduleRetry(pause);
    }
    for (const link of [...this.#links].reverse()) link.cut(reason); // the next before the one it would replace
  }

  /** Have another connection take over from `link`, soon, if that is the one that serves. */
  renew(link) {
    if (this.link !== link || this.#attempt || this.#retry) return;
    this.#forgive();
    this.#wait();
  }

  /** Close for good. */
  close(error = null) {
    if (this.state === "closed") return;
    this.#callOffRetry();
    this.#callOffRollOver();
    this.#attempt = this.link = null;
    this.#enter("closed", { error });
    const lost = error ? undefined : new ClosedError("the client is closed");
    for (const link of [...this.#links]) link.cut("closed", lost);
  }

  #rollOver() {
    this.#failures = 0;
    if (!this.#attempt && !this.#retry) this.#try();
  }

  async #try() {
    const attempt = (this.#attempt = { link: null, welcome: null });
    this.#retry = null;
    if (!this.link) this.#enter("connecting");
    try {
      const { url, protocols } = await this.#address();
      if (this.#attempt !== attempt) return;
      const owner = { ...this.#owner, onEnd: (link, end) => this.#ended(link, end) };
      attempt.link = new Link(url, protocols, this.#agenda, owner);
      this.#links.add(attempt.link);
      await this.#takeOver(attempt, await attempt.link.start());
    } catch (error) {
      if (this.#attempt === attempt) this.#fail(attempt, error);
    }
  }

  async #takeOver(attempt, welcome) {
    if (this.#attempt !== attempt) return;
    attempt.welcome = welcome;
    if (!this.link) this.#serve(attempt);
    await this.#owner.prepare(attempt.link);
    if (this.#attempt === attempt) this.#serve(attempt);
  }

  #serve({ link, welcome }) {
    const old = this.link;
    this.link = link;
    this.#attempt = null;
    this.#callOffRollOver();
    const life = LIFE + SPREAD * (2 * this.#random() - 1);
    this.#callOffRollOver = this.#agenda.after(life, () => this.#rollOver());
    if (!old) this.#enter("connected", { welcome });
    old?.retire();
    this.#owner.onServe(welcome);
  }

  #fail(attempt, error) {
    if (isRefusal(error) && this.#isFinal) {
      this.close(error);
    } else if (attempt.link) {
      attempt.link.cut(error.message);
    } else {
      this.#attempt = null;
      this.#wait({ reason: error.message });
    }
  }

  #ended(link, end) {
    this.#links.delete(link);
    this.#owner.onEnd(link);
    const attempted = this.#attempt?.link === link;
    if (attempted) this.#attempt = null;
    if (this.link === link) {
      this.#forgive();
      this.#callOffRollOver();
      this.link = null;
    } else if (!attempted) {
      return; // it was retired, or all is closed
    }
    this.#wait(end);
    if (this.#attempt?.welcome && !this.link) this.#serve(this.#attempt); // not prepared, but better than none
  }

  /** Wait for the next attempt, unless one is under way. */
  #wait(end = {}) {
    if (!this.#attempt && !this.#retry) {
      this.#scheduleRetry(pauseAfter(this.#failures++, this.#random));
    }
    if (this.link) return;
    if (this.#attempt) this.#enter("connecting", end);
    else this.#enter("waiting", { retryAt: this.#retry.at, ...end });
  }

  #forgive() {
    if (this.#agenda.now - this.link.openedAt >= STEADY) this.#failures = 0;
  }

  #scheduleRetry(pause) {
    this.#retry = { at: this.#agenda.now + pause, callOff: this.#agenda.after(pause, () => this.#try()) };
  }

  #callOffRetry() {
    this.#retry?.callOff();
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

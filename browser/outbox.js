// Requests on their way to the server, which wait for a connection.

import { encode } from "./encoding.js";
import { AnswerTimeoutError, ClosedError, ConnectionLostError } from "./errors.js";
import { ANSWERING } from "./link.js";

/**
 * `route` finds the link for a channel, or for what is of no channel: null while there is none, undefined if there
 * never will be. `pauseAfter` gives ms, by the number of failures and the last of them.
 */
export class Outbox {
  #agenda;
  #route;
  #pauseAfter;
  #turns = new Map(); // by channel: settles when the next publication may be sent
  #idle = new Set();

  constructor(agenda, route, pauseAfter) {
    this.#agenda = agenda;
    this.#route = route;
    this.#pauseAfter = pauseAfter;
  }

  /** Send once; resolves with the reply. Rejects with a RealtimeError. */
  async request(request, timeout = ANSWERING) {
    encode(request);
    const deadline = this.#agenda.now + timeout;
    const link = await this.#findLink(null, deadline);
    return link.request(request, deadline - this.#agenda.now);
  }

  /**
   * Send until it is acknowledged, those of one channel one after the other, so that the channel has them in the
   * order in which the application published them (F10). Resolves and rejects as `request` does.
   */
  publish(request, timeout) {
    const { channel } = request;
    const deadline = this.#agenda.now + timeout;
    const sent = (this.#turns.get(channel) ?? Promise.resolve()).then(() => this.#send(request, deadline));
    const turn = sent.catch(() => {}).finally(() => {
      if (this.#turns.get(channel) === turn) this.#turns.delete(channel);
    });
    this.#turns.set(channel, turn);
    return this.#within(timeout, sent);
  }

  /** There may be another link for some channel now. */
  wake() {
    for (const resume of this.#idle) resume();
    this.#idle.clear();
  }

  async #send(request, deadline) {
    encode(request);
    // With the same key it is stored once, however often it is sent.
    for (let failures = 0; ; failures++) {
      const link = await this.#findLink(request.channel, deadline);
      try {
        return await link.request(request, Math.min(ANSWERING, deadline - this.#agenda.now));
      } catch (error) {
        const isLost = error instanceof ConnectionLostError || error instanceof AnswerTimeoutError || !link.isOpen;
        const left = deadline - this.#agenda.now;
        if (!(isLost || error.retry) || left <= 0) throw error;
        if (error.retry) await this.#agenda.sleep(Math.min(this.#pauseAfter(failures, error), left));
      }
    }
  }

  /** Whoever still waits for a turn, too, waits no longer. */
  #within(timeout, sent) {
    return new Promise((resolve, reject) => {
      const late = () => reject(new AnswerTimeoutError("it was not acknowledged in time"));
      sent.finally(this.#agenda.after(timeout, late)).then(resolve, reject);
    });
  }

  async #findLink(channel, deadline) {
    for (;;) {
      const link = this.#route(channel);
      if (link === undefined) throw new ClosedError("the client is closed");
      if (this.#agenda.now >= deadline) throw new AnswerTimeoutError("it could not be sent in time");
      if (link) return link;
      await this.#pause(deadline);
    }
  }

  /** Resolves when there may be another link, at the latest at the deadline. */
  #pause(deadline) {
    return new Promise((resolve) => {
      const callOff = this.#agenda.after(deadline - this.#agenda.now, resolve);
      this.#idle.add(() => {
        callOff();
        resolve();
      });
    });
  }
}

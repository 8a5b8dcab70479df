// Requests that wait for a connection, and publications that are retried.

import { encode } from "./encoding.js";
import { AnswerTimeoutError, ClosedError, ConnectionLostError } from "./errors.js";
import { REQUEST_TIMEOUT } from "./connection.js";

/**
 * `route` returns the connection for a channel, or for a request without one. It returns null while there is none
 * and undefined once the client is closed. `backoff` returns a pause in ms for a number of failures and the last
 * error.
 */
export class Outbox {
  #timers;
  #route;
  #backoff;
  #queues = new Map(); // by channel: settles when the next publication may be sent
  #idle = new Set();

  constructor(timers, route, backoff) {
    this.#timers = timers;
    this.#route = route;
    this.#backoff = backoff;
  }

  /** Send once. Resolves with the reply, rejects with a RealtimeError. */
  async request(request, timeout = REQUEST_TIMEOUT) {
    encode(request);
    const deadline = this.#timers.now + timeout;
    const connection = await this.#findConnection(null, deadline);
    return connection.request(request, deadline - this.#timers.now);
  }

  /**
   * Send again until the server acknowledges. Publications of one channel go out one after the other, so that the
   * channel keeps the application's order (F10). Resolves and rejects as `request` does.
   */
  publish(request, timeout) {
    const { channel } = request;
    const deadline = this.#timers.now + timeout;
    const sent = (this.#queues.get(channel) ?? Promise.resolve()).then(() => this.#send(request, deadline));
    const turn = sent.catch(() => {}).finally(() => {
      if (this.#queues.get(channel) === turn) this.#queues.delete(channel);
    });
    this.#queues.set(channel, turn);
    return this.#within(timeout, sent);
  }

  /** There may be a connection for some channel now. */
  wake() {
    for (const resume of this.#idle) resume();
    this.#idle.clear();
  }

  async #send(request, deadline) {
    encode(request);
    // The idempotency key: a publication that is sent twice is stored once.
    for (let failures = 0; ; failures++) {
      const connection = await this.#findConnection(request.channel, deadline);
      try {
        return await connection.request(request, Math.min(REQUEST_TIMEOUT, deadline - this.#timers.now));
      } catch (error) {
        const isUncertain = error instanceof ConnectionLostError || error instanceof AnswerTimeoutError;
        const left = deadline - this.#timers.now;
        if (!(isUncertain || !connection.isOpen || error.retry) || left <= 0) throw error;
        if (error.retry) await this.#timers.sleep(Math.min(this.#backoff(failures, error), left));
      }
    }
  }

  /** The timeout also covers the wait in the queue. */
  #within(timeout, sent) {
    return new Promise((resolve, reject) => {
      const late = () => reject(new AnswerTimeoutError("it was not acknowledged in time"));
      sent.finally(this.#timers.after(timeout, late)).then(resolve, reject);
    });
  }

  async #findConnection(channel, deadline) {
    for (;;) {
      const connection = this.#route(channel);
      if (connection === undefined) throw new ClosedError("the client is closed");
      if (this.#timers.now >= deadline) throw new AnswerTimeoutError("it could not be sent in time");
      if (connection) return connection;
      await this.#pause(deadline);
    }
  }

  /** Resolves when there may be a connection, and at the deadline at the latest. */
  #pause(deadline) {
    return new Promise((resolve) => {
      const cancel = this.#timers.after(deadline - this.#timers.now, resolve);
      this.#idle.add(() => {
        cancel();
        resolve();
      });
    });
  }
}

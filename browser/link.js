// One connection, from its handshake to its end: requests with their answers, and the beat.

import { encode } from "./encoding.js";
import { AnswerTimeoutError, ConnectionLostError, RealtimeError, RefusedError } from "./errors.js";

const VERSION = 1;
const OPENING = 30_000; // ms a handshake may take; API Gateway gives up on the backend after 29 s

/** Milliseconds without an answer, after which a request has failed, and an unanswered ping a connection is dead. */
export const ANSWERING = 10_000;

/**
 * Calls, each with itself first: `onPush` (a frame that answers nothing), `onNotice` ({type: "malformed", data} or
 * {type: "newer", v}), `onBehind` (positions of channels), `onEnd` ({code, reason}), once. `positions` says where
 * its channels are.
 */
export class Link {
  #socket;
  #agenda;
  #owner;
  #opening;
  #number = 0;
  #waiting = new Map();
  #beat = 480_000; // ms
  #callOffBeat = () => {};
  #probing = false;
  #retiring = false;

  /** Epoch milliseconds; null before the handshake. */
  openedAt = null;
  isOpen = true;

  constructor(url, protocols, agenda, owner) {
    this.#agenda = agenda;
    this.#owner = owner;
    this.#socket = new WebSocket(url, protocols);
    this.#opening = new Promise((resolve, reject) => {
      const callOff = agenda.after(OPENING, () => this.cut("the handshake took too long"));
      this.#waiting.set("open", { resolve, reject, callOff });
    });
    this.#socket.onopen = () => this.#settle("open")?.resolve();
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code, reason }) => {
      this.#end({ code, reason }, new ConnectionLostError(reason || `the connection ended (${code})`));
    };
  }

  /** Wait for the handshake and greet; resolves with the welcome. Rejects with a RealtimeError. */
  async start() {
    await this.#opening;
    this.openedAt = this.#agenda.now;
    const welcome = await this.request({ action: "hello" });
    if (welcome.type !== "welcome") throw new RealtimeError("the server answered hello with something else");
    return welcome;
  }

  /** Send a request; resolves with its reply. Rejects with a RealtimeError. */
  async request(request, timeout = ANSWERING) {
    const id = ++this.#number;
    const text = encode({ ...request, id });
    if (!this.isOpen) throw new ConnectionLostError("there is no connection");
    this.#socket.send(text);
    return new Promise((resolve, reject) => {
      const late = () => {
        reject(new AnswerTimeoutError(`no answer to ${request.action}`));
        this.#settle(id);
        if (this.#retiring) this.retire();
      };
      this.#waiting.set(id, { resolve, reject, callOff: this.#agenda.after(timeout, late) });
    });
  }

  /** Ask for a sign of life, and what is behind; without an answer the connection is dead. */
  async probe() {
    if (this.#probing || !this.isOpen || this.openedAt === null) return;
    this.#probing = true;
    this.#schedule(); // in any case, however much else is sent: nothing else says what is behind
    const positions = this.#owner.positions(this);
    try {
      const pong = await this.request({ action: "ping", ...(Object.keys(positions).length && { positions }) });
      if (pong.behind) this.#owner.onBehind(this, pong.behind);
    } catch (error) {
      if (error instanceof AnswerTimeoutError) this.cut("no sign of life");
    } finally {
      this.#probing = false;
    }
  }

  /** End it as soon as nothing waits for an answer any more. */
  retire() {
    this.#retiring = true;
    this.#callOffBeat();
    if (this.#waiting.size === 0) this.cut("another connection has taken over");
  }

  /**
   * End it now; what waits for an answer rejects with `error`. A dead line would keep the closing handshake waiting,
   * so nothing waits for that.
   */
  cut(reason, error = new ConnectionLostError(reason)) {
    if (!this.isOpen) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#end({ code: 1006, reason }, error);
  }

  #receive(data) {
    const frame = parseObject(data);
    if (!frame) this.#owner.onNotice(this, { type: "malformed", data });
    else if (frame.v > VERSION) this.#owner.onNotice(this, { type: "newer", v: frame.v });
    else this.#take(frame);
    this.#agenda.catchUp();
  }

  #take(frame) {
    if (Number.isFinite(frame.beat) && frame.beat > 0) {
      this.#beat = frame.beat * 1_000;
      this.#schedule();
    }
    if (frame.id === undefined || frame.id === null) this.#owner.onPush(this, frame);
    else this.#answer(frame);
  }

  #answer(frame) {
    const waiting = this.#settle(frame.id);
    if (frame.type !== "error") waiting?.resolve(frame);
    else waiting?.reject(new RefusedError(frame));
    if (frame.code === "connection_gone") this.cut("the server no longer knows this connection");
    else if (this.#retiring) this.retire();
  }

  #settle(id) {
    const waiting = this.#waiting.get(id);
    waiting?.callOff();
    this.#waiting.delete(id);
    return waiting;
  }

  #schedule() {
    this.#callOffBeat();
    if (!this.#retiring) this.#callOffBeat = this.#agenda.after(this.#beat, () => this.probe());
  }

  #end(end, error) {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#callOffBeat();
    for (const id of [...this.#waiting.keys()]) this.#settle(id).reject(error);
    this.#owner.onEnd(this, end);
  }
}

function parseObject(data) {
  try {
    const value = JSON.parse(data);
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

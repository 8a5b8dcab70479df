// One connection from its handshake to its end: requests with their replies, and the heartbeat.

import { encode } from "./encoding.js";
import { AnswerTimeoutError, ConnectionLostError, RealtimeError, RefusedError } from "./errors.js";

const VERSION = 1;
const OPEN_TIMEOUT = 30_000; // ms for a handshake; API Gateway gives up on the backend after 29 s

/** Milliseconds until a request without a reply fails. After an unanswered ping the connection is dead. */
export const REQUEST_TIMEOUT = 10_000;

/**
 * `owner` gets these calls, each with the connection first: `onPush` (a frame that answers no request), `onNotice`
 * ({type: "malformed", data} or {type: "newer", v}), `onBehind` (the server's positions of channels) and, once,
 * `onEnd` ({code, reason}). Its `positions` returns the positions of channels.
 */
export class Connection {
  #socket;
  #timers;
  #owner;
  #opening;
  #number = 0;
  #waiting = new Map();
  #heartbeat = 480_000; // ms
  #cancelHeartbeat = () => {};
  #probing = false;
  #retiring = false;

  /** Epoch milliseconds; null before the handshake. */
  openedAt = null;
  isOpen = true;

  constructor(url, protocols, timers, owner) {
    this.#timers = timers;
    this.#owner = owner;
    this.#socket = new WebSocket(url, protocols);
    this.#opening = new Promise((resolve, reject) => {
      const cancel = timers.after(OPEN_TIMEOUT, () => this.cut("the handshake took too long"));
      this.#waiting.set("open", { resolve, reject, cancel });
    });
    this.#socket.onopen = () => this.#settle("open")?.resolve();
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code, reason }) => {
      this.#end({ code, reason }, new ConnectionLostError(reason || `the connection ended (${code})`));
    };
  }

  /** Wait for the handshake and send `hello`. Resolves with the welcome, rejects with a RealtimeError. */
  async start() {
    await this.#opening;
    this.openedAt = this.#timers.now;
    const welcome = await this.request({ action: "hello" });
    if (welcome.type !== "welcome") throw new RealtimeError("the server answered hello with something else");
    return welcome;
  }

  /** Send a request. Resolves with its reply, rejects with a RealtimeError. */
  async request(request, timeout = REQUEST_TIMEOUT) {
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
      this.#waiting.set(id, { resolve, reject, cancel: this.#timers.after(timeout, late) });
    });
  }

  /** Ping. The pong says which channels are behind. Without one the connection is dead. */
  async probe() {
    if (this.#probing || !this.isOpen || this.openedAt === null) return;
    this.#probing = true;
    this.#scheduleHeartbeat(); // even while requests are sent: no other reply says which channels are behind
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

  /** End the connection once no request waits for a reply. */
  retire() {
    this.#retiring = true;
    this.#cancelHeartbeat();
    if (this.#waiting.size === 0) this.cut("another connection has taken over");
  }

  /**
   * End the connection now. Requests that wait for a reply reject with `error`. Nothing waits for the closing
   * handshake, because a dead connection would never finish it.
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
    this.#timers.catchUp();
  }

  #take(frame) {
    if (Number.isFinite(frame.beat) && frame.beat > 0) {
      this.#heartbeat = frame.beat * 1_000;
      this.#scheduleHeartbeat();
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
    waiting?.cancel();
    this.#waiting.delete(id);
    return waiting;
  }

  #scheduleHeartbeat() {
    this.#cancelHeartbeat();
    if (!this.#retiring) this.#cancelHeartbeat = this.#timers.after(this.#heartbeat, () => this.probe());
  }

  #end(end, error) {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#cancelHeartbeat();
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

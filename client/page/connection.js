// One connection to the backend that comes back by itself, and requests over it.

const FRAME_LIMIT = 32_768; // bytes; API Gateway closes the connection for more
const ANSWER_TIMEOUT = 30_000; // ms; API Gateway gives up on the backend after 29 s
const KEEP_ALIVE = 300_000; // ms; API Gateway closes a connection that was idle for ten minutes
const FIRST_PAUSE = 1_000; // ms
const LONGEST_PAUSE = 30_000; // ms
const STEADY = 10_000; // ms open, after which the next pause is a short one again

/** A request that was not sent, not answered, or answered with an error frame (`frame`). */
export class RequestError extends Error {
  constructor(words, frame = null) {
    super(words);
    this.frame = frame;
  }
}

/** How long to wait before attempt number `attempt`, in ms: full jitter below a doubling, bounded ceiling. */
export function pauseBefore(attempt, random = Math.random) {
  return random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt);
}

/**
 * Events, each with a `detail`:
 * `state` {state: "connecting" | "open" | "lost", retryAt: ms}, `end` {code, reason, opened, dropped},
 * `frame` (an object that answers no request), `garbage` (what is no JSON object).
 */
export class Connection extends EventTarget {
  #url;
  #socket = null;
  #attempt = 0;
  #retry = 0;
  #steady = 0;
  #beat = 0;
  #number = 0;
  #waiting = new Map();

  constructor(url) {
    super();
    this.#url = url;
  }

  /** Whether it is between two attempts. */
  get isLost() {
    return this.#socket === null;
  }

  /** Connect now, whatever pause was left. */
  open() {
    clearTimeout(this.#retry);
    if (this.#socket) return;
    this.#tell("state", { state: "connecting" });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    let opened = false;
    socket.addEventListener("open", () => {
      opened = true;
      this.#opened();
    });
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket === socket) this.#receive(data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (this.#socket === socket) this.#ended({ code, reason, opened });
    });
  }

  /** Lose the connection on purpose; it comes back by itself. */
  drop() {
    // Not on the event of the socket: a server that is gone would keep the closing handshake waiting.
    if (this.#socket) this.#ended({ code: 1000, reason: "", opened: true, dropped: true });
  }

  /** Close for good. */
  close() {
    clearTimeout(this.#retry);
    this.#forget();
  }

  /** Send a request; resolves with its reply, rejects with a RequestError. */
  request(action, fields = {}) {
    const id = `page-${++this.#number}`;
    const text = JSON.stringify({ action, id, ...fields });
    const size = new TextEncoder().encode(text).length;
    return new Promise((resolve, reject) => {
      if (size > FRAME_LIMIT) {
        reject(new RequestError(`Not sent: ${size.toLocaleString("en")} bytes are too many, the limit is 32,768.`));
      } else if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new RequestError("Not sent: there is no connection."));
      } else {
        const timer = setTimeout(() => this.#fail(id, "No answer for 30 seconds"), ANSWER_TIMEOUT);
        this.#waiting.set(id, { resolve, reject, timer });
        this.#socket.send(text);
      }
    });
  }

  #opened() {
    this.#steady = setTimeout(() => (this.#attempt = 0), STEADY);
    this.#beat = setInterval(() => this.request("ping").catch((error) => error.frame || this.drop()), KEEP_ALIVE);
    this.#tell("state", { state: "open" });
  }

  #receive(data) {
    const frame = parseObject(data);
    const waiting = this.#waiting.get(frame?.id);
    if (!frame) {
      this.#tell("garbage", data);
    } else if (!waiting) {
      this.#tell("frame", frame);
    } else {
      this.#settle(frame.id);
      if (frame.type === "error") waiting.reject(new RequestError(frame.code, frame));
      else waiting.resolve(frame);
    }
  }

  #ended(end) {
    this.#forget();
    const pause = pauseBefore(this.#attempt++);
    this.#retry = setTimeout(() => this.open(), pause);
    this.#tell("end", end);
    this.#tell("state", { state: "lost", retryAt: Date.now() + pause });
  }

  #forget() {
    clearTimeout(this.#steady);
    clearInterval(this.#beat);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    for (const id of [...this.#waiting.keys()]) this.#fail(id, "The connection was lost before the answer");
  }

  #fail(id, words) {
    this.#settle(id)?.reject(new RequestError(`${words}; it may have arrived all the same.`));
  }

  #settle(id) {
    const waiting = this.#waiting.get(id);
    clearTimeout(waiting?.timer);
    this.#waiting.delete(id);
    return waiting;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
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

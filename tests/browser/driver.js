// A client in the hands of a scenario: see tests/clients/runner.py.

import * as realtime from "/realtime/realtime.js";

const whole = (frame) => frame;
const EVENTS = {
  unknown: ({ type }) => ({ type }),
  newer: ({ v }) => ({ v }),
  malformed: () => ({}),
  gateway: whole,
  message: whole,
  "broadcast.report": whole,
  "presence.joined": whole,
  "presence.left": whole,
  "session.expiring": whole,
};
const ERRORS = {
  AnswerTimeoutError: "timeout",
  ConnectionLostError: "lost",
  TooLargeError: "too_large",
  UnsendableError: "unsendable",
  RangeError: "invalid",
  ClosedError: "closed",
};

/** A clock that stands still unless told. */
class Clock {
  #now = 0;
  #timers = new Set();

  now = () => this.#now;

  setTimeout(task, delay) {
    const timer = { due: this.#now + Math.max(0, delay), task };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer) {
    this.#timers.delete(timer);
  }

  async advance(delay) {
    const end = this.#now + delay;
    for (let next; (next = this.#next(end)); ) {
      this.#timers.delete(next);
      this.#now = next.due;
      next.task();
      await settle();
    }
    this.#now = end;
  }

  #next(end) {
    const due = [...this.#timers].filter((timer) => timer.due <= end + 1e-6);
    return due.sort((one, other) => one.due - other.due)[0];
  }
}

const clock = new Clock();
const subscriptions = new Map();
let client;

window.start = (url, { tokens, random = 0.5, queue = 1_000 }) => {
  const token = tokens && (() => (tokens.length > 1 ? tokens.shift() : tokens[0]));
  client = new realtime.Client(url, { token, queue, clock, random: () => random });
  client.addEventListener("state", ({ detail }) => report({ event: describeState(detail) }));
  for (const [event, describe] of Object.entries(EVENTS)) {
    client.addEventListener(event, ({ detail }) => report({ event: { ...describe(detail), event } }));
  }
};

window.obey = async (command) => {
  await COMMANDS[command.do](command);
  await settle();
};

const COMMANDS = {
  open: () => client.connect(),
  close: () => client.close(),
  advance: ({ seconds }) => clock.advance(seconds * 1_000),
  subscribe({ channel, since, reading = true }) {
    try {
      subscriptions.set(channel, client.subscribe(channel, { since }));
      if (reading) read(channel);
    } catch (error) {
      report({ shown: { ended: describeError(error) }, of: channel });
    }
  },
  read({ channel }) {
    read(channel);
  },
  unsubscribe: ({ channel }) => subscriptions.get(channel).close(),
  position: ({ channel, as }) => report({ result: { ok: { position: subscriptions.get(channel).position } }, as }),
  publish: ({ channel, data, as }) => answer(client.publish(channel, data), as),
  request: ({ action, fields, as }) => answer(client.request(action, fields), as),
};

async function read(channel) {
  try {
    for await (const item of subscriptions.get(channel)) {
      const publication = { publication: item.data, offset: item.position?.offset ?? null };
      report({ shown: item.type === "gap" ? { gap: item.reason } : publication, of: channel });
    }
  } catch (error) {
    report({ shown: { ended: describeError(error) }, of: channel });
  }
}

function answer(promise, as) {
  promise.then(
    (ok) => report({ result: { ok }, as }),
    (error) => report({ result: { error: describeError(error) }, as }),
  );
}

function describeState({ state, retryAt, error }) {
  if (state === "waiting") return { event: "state", state, seconds: (retryAt - clock.now()) / 1_000 };
  if (state === "closed") return { event: "state", state, error: error && describeError(error) };
  return { event: "state", state };
}

function describeError(error) {
  return error.code ?? ERRORS[error.name] ?? `${error.name}: ${error.message}`;
}

/** Let everything happen that does not wait for time or the network. */
function settle() {
  return new Promise((resolve) => setTimeout(resolve));
}

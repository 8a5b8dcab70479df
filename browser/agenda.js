// What is to be done later, by the wall clock.

const LONGEST = 2 ** 31 - 1; // ms

/** The browser's own clock and timers. */
export const SYSTEM_CLOCK = {
  now: () => Date.now(),
  setTimeout: (task, delay) => setTimeout(task, Math.min(delay, LONGEST)), // a longer one would be none at all
  clearTimeout: (timer) => clearTimeout(timer),
};

/**
 * Timers that can be caught up with: a browser's stand still while the machine sleeps, and run once a minute
 * in a hidden tab.
 */
export class Agenda {
  #clock;
  #entries = new Set();

  constructor(clock) {
    this.#clock = clock;
  }

  /** Epoch milliseconds. */
  get now() {
    return this.#clock.now();
  }

  /** Do `task` in `delay` ms. Returns what calls it off. */
  after(delay, task) {
    const entry = { due: this.now + delay, task };
    entry.timer = this.#clock.setTimeout(() => this.#do(entry), delay);
    this.#entries.add(entry);
    return () => this.#drop(entry);
  }

  /** Resolves after `delay` ms. */
  sleep(delay) {
    return new Promise((resolve) => this.after(delay, resolve));
  }

  /** Do now what should have been done by now. */
  catchUp() {
    const overdue = [...this.#entries].filter(({ due }) => due <= this.now);
    for (const entry of overdue.sort((one, other) => one.due - other.due)) this.#do(entry);
  }

  #do(entry) {
    if (this.#drop(entry)) entry.task();
  }

  #drop(entry) {
    this.#clock.clearTimeout(entry.timer);
    return this.#entries.delete(entry);
  }
}

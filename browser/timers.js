// Timers by the wall clock.

const LONGEST = 2 ** 31 - 1; // ms; setTimeout treats a longer delay as none

/** The browser's own clock and timers. */
export const SYSTEM_CLOCK = {
  now: () => Date.now(),
  setTimeout: (task, delay) => setTimeout(task, Math.min(delay, LONGEST)),
  clearTimeout: (timer) => clearTimeout(timer),
};

/**
 * Timers that can catch up. The timers of a browser stand still while the machine sleeps, and they run once
 * a minute in a hidden tab.
 */
export class Timers {
  #clock;
  #entries = new Set();

  constructor(clock) {
    this.#clock = clock;
  }

  /** Epoch milliseconds. */
  get now() {
    return this.#clock.now();
  }

  /** Run `task` after `delay` ms. Returns a function that cancels it. */
  after(delay, task) {
    const entry = { due: this.now + delay, task };
    entry.timer = this.#clock.setTimeout(() => this.#run(entry), delay);
    this.#entries.add(entry);
    return () => this.#cancel(entry);
  }

  /** Resolves after `delay` ms. */
  sleep(delay) {
    return new Promise((resolve) => this.after(delay, resolve));
  }

  /** Run the tasks that are overdue now. */
  catchUp() {
    const overdue = [...this.#entries].filter(({ due }) => due <= this.now);
    for (const entry of overdue.sort((one, other) => one.due - other.due)) this.#run(entry);
  }

  #run(entry) {
    if (this.#cancel(entry)) entry.task();
  }

  #cancel(entry) {
    this.#clock.clearTimeout(entry.timer);
    return this.#entries.delete(entry);
  }
}

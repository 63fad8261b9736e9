const FIRST_PAUSE_MILLIS = 1_000;
const LONGEST_PAUSE_MILLIS = 30_000;

/** Retries after pauses that double. Up to half of each pause is random, so that pages do not all retry at once. */
export class Retry {
  #attempt;
  #pause = FIRST_PAUSE_MILLIS;
  #timer = null;

  constructor(attempt) {
    this.#attempt = attempt;
  }

  /** Schedules the next attempt, and returns its time. */
  schedule() {
    this.cancel();
    const pause = this.#pause * (1 - Math.random() / 2);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MILLIS);
    this.#timer = setTimeout(() => this.now(), pause);
    return new Date(Date.now() + pause);
  }

  now() {
    this.cancel();
    this.#attempt();
  }

  cancel() {
    clearTimeout(this.#timer);
  }

  /** Resets the pause after a success. */
  reset() {
    this.cancel();
    this.#pause = FIRST_PAUSE_MILLIS;
  }
}

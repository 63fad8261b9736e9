const FIRST_PAUSE_MILLIS = 1_000;
const LONGEST_PAUSE_MILLIS = 30_000;

/** Tries again, after pauses that double; up to half of each is left to chance, so that not all pages come at once. */
export class Retry {
  #attempt;
  #pause = FIRST_PAUSE_MILLIS;
  #timer = null;

  constructor(attempt) {
    this.#attempt = attempt;
  }

  /** Plans the next attempt, and returns when that is. */
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

  /** After a success: the next pause is short again. */
  reset() {
    this.cancel();
    this.#pause = FIRST_PAUSE_MILLIS;
  }
}

import { counted } from './text.js';

const PAUSE_MILLIS = 5_000;

/** Announces changes to screen readers, in a live region, with pauses long enough to listen. */
export class Announcer {
  #region;
  #timer = null;
  #urgent = new Set();
  #changes = 0;
  #lastChange = '';

  constructor(region) {
    this.#region = region;
  }

  /** Announces a change: in words if it is the only one for a while, otherwise as a count. */
  change(words) {
    this.#changes++;
    this.#lastChange = words;
    this.#saySoon();
  }

  /** Announces a sentence, once, that must not be lost among changes: a loss, or the state of the connection. */
  say(words) {
    this.#urgent.add(words);
    this.#saySoon();
  }

  #saySoon() {
    if (this.#timer === null) {
      queueMicrotask(() => this.#sayAll());
      this.#timer = setTimeout(() => this.#pauseIsOver(), PAUSE_MILLIS);
    }
  }

  #pauseIsOver() {
    this.#timer = null;
    if (this.#changes > 0 || this.#urgent.size > 0) {
      this.#saySoon();
    }
  }

  #sayAll() {
    const changes = this.#changes > 1 ? counted(this.#changes, 'change') : this.#lastChange;
    this.#region.textContent = [...this.#urgent, changes].join(' ');
    this.#urgent.clear();
    this.#changes = 0;
    this.#lastChange = '';
  }
}

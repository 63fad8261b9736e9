import { counted } from './text.js';

const PAUSE_MILLIS = 5_000;

/** Tells screen readers what happens, in a live region, no more often than somebody can listen. */
export class Announcer {
  #region;
  #timer = null;
  #urgent = new Set();
  #changes = 0;
  #lastChange = '';

  constructor(region) {
    this.#region = region;
  }

  /** A change: said in words if it is the only one for a while, otherwise counted. */
  change(words) {
    this.#changes++;
    this.#lastChange = words;
    this.#saySoon();
  }

  /** What must not go under in a number of changes: a loss, the state of the connection. A sentence, said once. */
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

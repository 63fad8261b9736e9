import { Retry } from './retry.js';
import { openChanges, readKeyring, Refusal } from './server.js';

const EVENTS = ['resync', 'loss', 'notification', 'removed'];

/**
 * The changes of one keyring from the server, and the state of the connection:
 *
 * - `connecting`, until the first event has come
 * - `live`, since a time
 * - `reconnecting`, broken since a time: the browser tries again by itself
 * - `refused`, with the problem, and broken since a time if it was ever live: the browser has given up, so that we have
 *   to try again, at `nextTry`, or right now where that is null
 */
export class ChangeStream {
  #reference;
  #onEvent;
  #onState;
  #source = null;
  #state = { name: 'connecting' };
  #brokenSince = null;
  #retry = new Retry(() => this.#tryAgain());

  constructor(reference, { onEvent, onState }) {
    this.#reference = reference;
    this.#onEvent = onEvent;
    this.#onState = onState;
  }

  open() {
    this.#enter(this.#state);
    this.#connect();
  }

  tryNow() {
    this.#retry.now();
  }

  close() {
    this.#retry.cancel();
    this.#source.close();
    this.#source = null;
  }

  #connect() {
    const source = openChanges(this.#reference);
    EVENTS.forEach(type => source.addEventListener(type, event => this.#receive(type, JSON.parse(event.data))));
    source.addEventListener('error', () => this.#fail(source));
    this.#source?.close();
    this.#source = source;
  }

  #receive(type, data) {
    if (this.#state.name !== 'live') {
      this.#retry.reset();
      this.#brokenSince = null;
      this.#enter({ name: 'live', since: new Date() });
    }
    this.#onEvent(type, data);
  }

  #fail(source) {
    if (this.#state.name === 'live') {
      this.#brokenSince = new Date();
    }
    if (source.readyState === EventSource.CLOSED) {
      this.#explain(source);
    } else {
      this.#interrupted();
    }
  }

  /** An EventSource does not report why it was refused, but the keyring itself is refused for the same reason. */
  async #explain(source) {
    const problem = await readKeyring(this.#reference).then(
      () => new Refusal('The server does not send the changes of this keyring', 'It can be read, however.'),
      error => error);
    if (source !== this.#source) {
      return; // closed, or connected again meanwhile
    }
    const nextTry = this.#retry.schedule();
    if (problem instanceof Refusal) {
      const { title, detail } = problem; // no more, since an error loses it on its way from a worker
      this.#enter({ name: 'refused', problem: { title, detail }, since: this.#brokenSince, nextTry });
    } else {
      this.#interrupted();
    }
  }

  #interrupted() {
    const state = this.#brokenSince ? { name: 'reconnecting', since: this.#brokenSince } : { name: 'connecting' };
    if (state.name !== this.#state.name) {
      this.#enter(state);
    }
  }

  #tryAgain() {
    if (this.#state.name === 'refused') {
      this.#enter({ ...this.#state, nextTry: null });
    }
    this.#connect();
  }

  #enter(state) {
    this.#state = state;
    this.#onState(state);
  }
}

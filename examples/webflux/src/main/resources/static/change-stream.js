import { Retry } from './retry.js';
import { openChanges, readKeyring, Refusal } from './server.js';

/** The types of docs/json.md. Others, of a newer server, are not shown. */
const TYPES = ['snapshot', 'linked', 'replaced', 'changed', 'unlinked', 'gone', 'lost'];

/**
 * The changes of one keyring from the server, and the state of the connection:
 *
 * - `connecting`, until the first event
 * - `live`, since a time
 * - `reconnecting`, broken since a time: the browser retries by itself
 * - `refused`, with the problem, and broken since a time if it was ever live: the browser has given up, so this class retries,
 *   at `nextTry`, or right now if that is null
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
    TYPES.forEach(type => source.addEventListener(type, ({ data }) => this.#receive(JSON.parse(data))));
    source.addEventListener('error', () => this.#fail(source));
    this.#source?.close();
    this.#source = source;
  }

  #receive(event) {
    if (this.#state.name !== 'live') {
      this.#retry.reset();
      this.#brokenSince = null;
      this.#enter({ name: 'live', since: new Date() });
    }
    this.#onEvent(event);
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

  /** An EventSource does not report why it was refused, but a request for the keyring is refused for the same reason. */
  async #explain(source) {
    const problem = await readKeyring(this.#reference).then(
      () => new Refusal('The server does not send the changes of this keyring', 'The keyring itself can be read.'),
      error => error);
    if (source !== this.#source) {
      return; // closed, or connected again meanwhile
    }
    const nextTry = this.#retry.schedule();
    if (problem instanceof Refusal) {
      const { title, detail } = problem; // an error loses all else on its way from a worker
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

import { ChangeStream } from './change-stream.js';

/**
 * A {@link ChangeStream} that all tabs of a browser share. With HTTP/1.1 a browser has only six connections to a server, and each
 * stream takes one, so a seventh tab would not even load. Without SharedWorker each tab has its own stream.
 */
export class SharedStream {
  #reference;
  #listener;
  #port = null;
  #alone = null;

  /** `listener` is that of a {@link ChangeStream}. */
  constructor(reference, listener) {
    this.#reference = reference;
    this.#listener = listener;
  }

  open() {
    if (typeof SharedWorker === 'undefined') {
      this.#openAlone();
      return;
    }
    this.#listener.onState({ name: 'connecting' });
    const worker = new SharedWorker('stream-worker.js', { type: 'module', name: this.#reference });
    worker.addEventListener('error', () => this.#openAlone()); // it was not loaded
    this.#port = worker.port;
    this.#port.onmessage = ({ data: { state, event } }) => (
      state ? this.#listener.onState(state) : this.#listener.onEvent(event));
  }

  tryNow() {
    if (this.#alone) {
      this.#alone.tryNow();
    } else {
      this.#port.postMessage('try now');
    }
  }

  close() {
    this.#alone?.close();
    this.#port?.postMessage('leave');
    this.#port?.close();
    this.#alone = null;
    this.#port = null;
  }

  #openAlone() {
    this.#port = null;
    this.#alone = new ChangeStream(this.#reference, this.#listener);
    this.#alone.open();
  }
}

import { ChangeStream } from './change-stream.js';
import { KeyringModel } from './keyring-model.js';

// The SharedWorker of one keyring, whose reference is the worker's name. It owns the one stream of all tabs that show this
// keyring, and posts the reports of its ChangeStream to them, `{state}` and `{event}`. A tab that opens later gets a snapshot from
// here. A tab posts 'try now', and 'leave' at its end.

const tabs = new Set();
let stream = null;
let state = null;
let model = null;

self.addEventListener('connect', ({ ports: [tab] }) => {
  tab.onmessage = ({ data }) => (data === 'leave' ? leave(tab) : stream?.tryNow());
  tabs.add(tab);
  if (stream === null) {
    open();
  } else {
    welcome(tab);
  }
});

function open() {
  model = new KeyringModel();
  stream = new ChangeStream(self.name, {
    onState: entered => {
      state = entered;
      post({ state });
    },
    onEvent: event => {
      model.apply(event);
      post({ event });
    },
  });
  stream.open();
}

function welcome(tab) {
  tab.postMessage({ state });
  if (model.root !== null) {
    tab.postMessage({ event: { time: new Date().toISOString(), ...model.snapshot() } });
  }
}

/** A crashed tab posts nothing. The stream then goes on until all tabs of this keyring are closed. */
function leave(tab) {
  tabs.delete(tab);
  tab.close();
  if (tabs.size === 0 && stream !== null) {
    stream.close();
    stream = null;
  }
}

function post(message) {
  tabs.forEach(tab => tab.postMessage(message));
}

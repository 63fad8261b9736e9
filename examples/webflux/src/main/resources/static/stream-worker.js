import { ChangeStream } from './change-stream.js';
import { KeyringModel } from './keyring-model.js';

// The SharedWorker of one keyring, whose reference is the worker's name. It has the one stream of all tabs that show this
// keyring, and posts `{state}` and `{type, data}` to them: what a ChangeStream reports. A tab that comes later gets the tree
// as it is known here. A tab posts 'try now', and 'leave' at its end.

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
    onEvent: (type, data) => {
      follow[type]?.(data);
      post({ type, data });
    },
  });
  stream.open();
}

function welcome(tab) {
  tab.postMessage({ state });
  if (model.root !== null) {
    const data = { reason: 'subscribed', tree: model.tree(), at: new Date().toISOString() };
    tab.postMessage({ type: 'resync', data });
  }
}

/** A tab that crashed says nothing: then the stream goes on until all tabs of this keyring are closed. */
function leave(tab) {
  tabs.delete(tab);
  tab.close();
  if (tabs.size === 0 && stream !== null) {
    stream.close();
    stream = null;
  }
}

const follow = {
  resync: ({ tree }) => model.replace(tree),
  notification: notification => model.apply(notification),
  removed: ({ key }) => model.remove(key),
};

function post(message) {
  tabs.forEach(tab => tab.postMessage(message));
}

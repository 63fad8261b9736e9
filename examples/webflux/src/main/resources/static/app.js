import { Announcer } from './announcer.js';
import { ConnectionView } from './connection.js';
import { element } from './dom.js';
import { oncePerFrame } from './frames.js';
import { KeyringModel, eventNameOf, keyOf } from './keyring-model.js';
import { Retry } from './retry.js';
import { listKeyrings, Refusal } from './server.js';
import { SharedStream } from './shared-stream.js';
import { counted, lossInWords, nameOf, printable, snapshotInWords } from './text.js';
import { TimelineLog } from './timeline-log.js';
import { TimelineView } from './timeline.js';
import { TreeView } from './tree.js';

const byId = id => document.getElementById(id);

const announcer = new Announcer(byId('announcements'));
const connection = new ConnectionView({
  page: document.body,
  title: byId('connection-title'),
  detail: byId('connection-detail'),
  countdown: byId('countdown'),
  tryNow: byId('try-now'),
}, announcer);
const tree = new TreeView(byId('tree'));
const log = new TimelineLog();
const timeline = new TimelineView(log, {
  list: byId('timeline'),
  empty: byId('timeline-empty'),
  totals: { changes: byId('total-changes'), losses: byId('total-losses') },
  filters: byId('filters'),
  pause: byId('pause'),
  clear: byId('clear'),
});

let references = [];
let model = new KeyringModel();
let stream = null;
let afterLoss = false; // whether this browser was too slow, and gets a snapshot next
const listing = new Retry(start);

byId('keyring').addEventListener('change', event => {
  location.hash = encodeURIComponent(event.target.value).replaceAll('%40', '@').replaceAll('%3A', ':');
});
byId('try-now').addEventListener('click', () => (stream ? stream.tryNow() : listing.now()));
addEventListener('hashchange', showChosenKeyring);
addEventListener('pagehide', () => stream?.close());
addEventListener('pageshow', ({ persisted }) => persisted && showChosenKeyring());

async function start() {
  try {
    references = await listKeyrings();
  } catch (error) {
    notListed(error);
    return;
  }
  showChosenKeyring();
}

function notListed(error) {
  const nextTry = listing.schedule();
  connection.show(error instanceof Refusal
    ? { name: 'refused', problem: error, since: null, nextTry }
    : { name: 'connecting' });
}

function showChosenKeyring() {
  const reference = chosenReference();
  if (reference) {
    listing.reset();
    showChoice(reference);
    watch(reference);
  } else {
    notListed(new Refusal('No keyring may be watched', "The server's configuration allows none."));
  }
}

/** The keyring that the address names. The server decides whether it may be watched. */
function chosenReference() {
  return decoded(location.hash.slice(1)) || new URLSearchParams(location.search).get('keyring') || references[0];
}

/** A reference like `%:orders` may be in the address unescaped, although that is not a valid escape. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function showChoice(reference) {
  const choices = references.includes(reference) ? references : [...references, reference];
  byId('keyring').replaceChildren(...choices.map(choice => element('option', { value: choice }, printable(choice))));
  byId('keyring').value = reference;
  byId('keyring').hidden = choices.length === 1;
  byId('reference').textContent = choices.length === 1 ? printable(reference) : '';
  document.title = `${printable(reference)} · keyring`;
}

function watch(reference) {
  stream?.close();
  model = new KeyringModel();
  afterLoss = false;
  tree.show(model);
  timeline.clear();
  stream = new SharedStream(reference, {
    onState: state => connection.show(state),
    onEvent: receive,
  });
  stream.open();
}

function receive(event) {
  const first = model.root === null;
  const changes = model.apply(event);
  switch (event.type) {
    case 'snapshot':
      showSnapshot(event, first, changes);
      break;
    case 'lost':
      showLoss(event);
      break;
    default:
      showChange(event, changes);
  }
}

function showSnapshot({ time }, first, changes) {
  const gap = !first && !afterLoss; // changes without a connection are unknown
  const reason = first ? 'subscribed' : gap ? 'reconnected' : 'loss';
  const entry = { kind: 'snapshot', reason, first, gap, differences: changes.length };
  afterLoss = false;
  show(entry, time, changes);
  announcer.say(snapshotInWords(entry).join(' '));
}

function showLoss({ origin, dropped, time }) {
  const entry = { kind: 'loss', origin, dropped: dropped ?? null };
  afterLoss = origin === 'SUBSCRIBER';
  show(entry, time, []);
  announcer.say(lossInWords(entry)[0]);
}

function showChange(event, changes) {
  const entry = {
    kind: 'change',
    event: eventNameOf(event),
    key: keyOf(event, 'key'),
    keyring: event.keyring === undefined ? null : keyOf(event, 'keyring'),
    previous: event.type === 'replaced' ? keyOf(event, 'previous') : null,
  };
  show(entry, event.time, changes);
  if (!timeline.isPaused) {
    announcer.change(`${entry.event.toLowerCase()} ${nameOf(entry.key)}`);
  }
}

function show(entry, at, changes) {
  log.add({ ...entry, at: new Date(at) });
  timeline.update();
  tree.update(changes);
  showKeyCount();
}

const showKeyCount = oncePerFrame(() => {
  byId('key-count').textContent = counted(model.size(), 'key');
});

start();

import { element } from './dom.js';
import { oncePerFrame } from './frames.js';
import { abbreviated, counted, lossInWords, number, snapshotInWords, time } from './text.js';

const SHOWN = 500;

/** Shows a {@link TimelineLog}, newest first, through a filter by event, and can be paused and cleared. */
export class TimelineView {
  #log;
  #frozen = null; // the log as it was when the view was paused
  #items = new Map(); // sequence -> { entry, element }
  #parts;
  #renderSoon = oncePerFrame(() => this.#render());

  /** `parts` are the elements of the page: list, empty, totals, filters, pause, clear. */
  constructor(log, parts) {
    this.#log = log;
    this.#parts = parts;
    parts.filters.addEventListener('change', () => this.#renderSoon());
    parts.pause.addEventListener('click', () => this.#togglePause());
    parts.clear.addEventListener('click', () => this.clear());
    this.#renderSoon();
  }

  get isPaused() {
    return this.#frozen !== null;
  }

  /** Call this after adding to the log. */
  update() {
    this.#renderSoon();
  }

  clear() {
    this.#log.clear();
    this.#frozen = this.isPaused ? this.#log.copy() : null;
    this.#renderSoon();
  }

  #togglePause() {
    this.#frozen = this.isPaused ? null : this.#log.copy();
    this.#renderSoon();
  }

  #render() {
    const entries = (this.#frozen ?? this.#log).newest(SHOWN, this.#hiddenEvents());
    this.#takeAwayAllBut(new Set(entries.map(entry => entry.sequence)));
    let next = this.#parts.list.firstElementChild;
    for (const entry of entries) {
      const item = this.#itemOf(entry);
      if (item === next) {
        next = next.nextElementSibling;
      } else {
        this.#parts.list.insertBefore(item, next);
      }
    }
    this.#parts.empty.hidden = entries.length > 0;
    this.#renderTotals();
  }

  #hiddenEvents() {
    const unchecked = this.#parts.filters.querySelectorAll('input[name=event]:not(:checked)');
    return new Set([...unchecked].map(input => input.value));
  }

  #takeAwayAllBut(sequences) {
    for (const [sequence, { element }] of this.#items) {
      if (!sequences.has(sequence)) {
        element.remove();
        this.#items.delete(sequence);
      }
    }
  }

  #itemOf(entry) {
    const shown = this.#items.get(entry.sequence);
    if (!shown) {
      const element = itemOf(entry);
      this.#items.set(entry.sequence, { entry, element });
      return element;
    }
    if (shown.entry !== entry) {
      shown.entry = entry;
      showCount(shown.element, entry);
    }
    return shown.element;
  }

  #renderTotals() {
    const { totals, pause } = this.#parts;
    const { changes, losses } = this.#log.totals;
    totals.changes.textContent = counted(changes, 'change');
    totals.losses.textContent = counted(losses, 'loss', 'losses');
    totals.losses.classList.toggle('some', losses > 0);
    const missed = this.isPaused ? changes - this.#frozen.totals.changes : 0;
    pause.textContent = this.isPaused ? `Resume${missed > 0 ? ` (${number(missed)} new)` : ''}` : 'Pause';
  }
}

function itemOf(entry) {
  switch (entry.kind) {
    case 'loss':
      return markOf(entry, { 'data-origin': entry.origin }, lossInWords(entry));
    case 'snapshot':
      return markOf(entry, { 'data-reason': entry.reason, 'data-gap': entry.gap ? '' : null }, snapshotInWords(entry));
    default:
      return changeOf(entry);
  }
}

/** A loss or a snapshot: a mark across the timeline, because it concerns all keys. */
function markOf(entry, attributes, [title, meaning]) {
  return element('li', { 'data-kind': entry.kind, ...attributes },
    timeOf(entry), ' ',
    element('p', {}, element('strong', {}, title), ' ', meaning));
}

function changeOf(entry) {
  const item = element('li', {
    'data-kind': entry.kind,
    'data-event': entry.event,
    'data-key': entry.key.serial,
  },
    timeOf(entry), ' ',
    element('span', { class: 'event' }, entry.event), ' ',
    element('span', { class: 'keys' }, ...keysOf(entry), ' ', element('span', { class: 'count' })));
  showCount(item, entry);
  return item;
}

function keysOf({ event, key, keyring, previous }) {
  if (previous) {
    return [nameElement(keyring), ' + ', nameElement(key), ' − ', nameElement(previous)];
  }
  return keyring ? [nameElement(keyring), event === 'LINKED' ? ' + ' : ' − ', nameElement(key)] : [nameElement(key)];
}

function nameElement({ type, description, serial }) {
  const title = type === null ? ['key'] : [`${type} "`, element('bdi', {}, abbreviated(description)), '"'];
  return element('span', {}, ...title, ' ', element('span', { class: 'serial' }, serial));
}

function timeOf({ at }) {
  return element('time', { datetime: at.toISOString() }, time(at));
}

function showCount(item, { count, lastAt }) {
  item.dataset.count = count;
  item.querySelector('.count').textContent = count > 1 ? `×${number(count)} until ${time(lastAt)}` : '';
}

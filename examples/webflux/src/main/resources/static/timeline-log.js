// The entries of the timeline, in order. It does not depend on the page.

/** The number of entries kept of each kind and each event, so that a flood of one does not displace others. */
const KEPT_OF_EACH = 500;

/** A repeated change of the same key within this time adds to the count of the last entry. */
const SAME_RUN_MILLIS = 1_000;

/**
 * A bounded log. An entry has a `kind` ("change", "loss" or "snapshot"), a time `at`, and the fields of its kind. The log adds a `sequence`, a `count` and the `lastAt` of the repetitions. Entries are never modified, only replaced.
 */
export class TimelineLog {
  #rings = new Map();
  #next = 0;
  #last = null;

  /** The numbers of changes and losses so far, repetitions included. */
  totals = { changes: 0, losses: 0 };

  add(entry) {
    this.#count(entry.kind);
    if (this.#last && isSameChange(this.#last, entry)) {
      this.#last = { ...this.#last, count: this.#last.count + 1, lastAt: entry.at };
      this.#ringOf(entry).splice(-1, 1, this.#last);
      return;
    }
    this.#last = { ...entry, sequence: this.#next++, count: 1, lastAt: entry.at };
    const ring = this.#ringOf(entry);
    ring.push(this.#last);
    if (ring.length > KEPT_OF_EACH) {
      ring.shift();
    }
  }

  /** The newest entries, newest first, without changes of the hidden events. All other kinds are included. */
  newest(limit, hiddenEvents) {
    return [...this.#rings]
      .filter(([name]) => !hiddenEvents.has(name))
      .flatMap(([, ring]) => ring)
      .sort((a, b) => b.sequence - a.sequence)
      .slice(0, limit);
  }

  /** A copy of the log; later entries are not in it. */
  copy() {
    const copy = new TimelineLog();
    copy.#rings = new Map([...this.#rings].map(([name, ring]) => [name, [...ring]]));
    copy.totals = { ...this.totals };
    return copy;
  }

  clear() {
    this.#rings.clear();
    this.#last = null;
    this.totals = { changes: 0, losses: 0 };
  }

  #count(kind) {
    if (kind === 'loss') {
      this.totals.losses++;
    } else if (kind === 'change') {
      this.totals.changes++;
    }
  }

  /** A ring for each event, and one for each other kind. Events are in capitals, so that names do not clash. */
  #ringOf({ kind, event }) {
    const name = kind === 'change' ? event : kind;
    if (!this.#rings.has(name)) {
      this.#rings.set(name, []);
    }
    return this.#rings.get(name);
  }
}

function isSameChange(last, entry) {
  return entry.kind === 'change'
    && last.kind === 'change'
    && last.event === entry.event
    && last.key.serial === entry.key.serial
    && last.keyring?.serial === entry.keyring?.serial
    && entry.at - last.at < SAME_RUN_MILLIS;
}

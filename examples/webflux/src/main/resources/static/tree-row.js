import { element } from './dom.js';
import { number, permissionsInWords, printable, remarksOn, spoken } from './text.js';

const HIGHLIGHT_MILLIS = 4_000;
const LEAVING_MILLIS = 1_500;

/** Beyond this level rows are not indented further, so that names keep their room. The kernel nests keyrings less deeply. */
const DEEPEST_INDENTATION = 8;

/**
 * One place of a key in the tree. Its state shows in attributes, which style sheet and tests use: `data-serial`,
 * `data-description`, `data-type`, `data-state`; `data-changed` for some seconds after a change, and
 * `data-changed-within` if the changed row is hidden below a closed keyring; `data-leaving` on a row that fades out.
 */
export class TreeRow {
  serial;
  parent;
  element;
  group = element('ul', { role: 'group' });
  /** The key of the model that this row shows, and the rows of its members by serial. */
  key = null;
  children = new Map();

  #level;
  #cells = Object.fromEntries([
    ...['twisty', 'type', 'remarks', 'change', 'serial', 'owner', 'permissions']
      .map(name => [name, element('span', { class: name })]),
    ['description', element('bdi', { class: 'description' })],
  ]);
  #changes = 0;
  #changeTimer = null;
  #changeWithinTimer = null;

  constructor(serial, parent) {
    this.serial = serial;
    this.parent = parent;
    this.#level = parent ? parent.#level + 1 : 1;
    this.group.classList.toggle('deep', this.#level >= DEEPEST_INDENTATION);
    this.#cells.serial.textContent = serial;
    this.element = element('li',
      { role: 'treeitem', tabindex: '-1', 'aria-level': this.#level, 'data-serial': serial },
      element('div', { class: 'line' },
        this.#cellsOf('name', 'twisty', 'type', 'description', 'remarks', 'change'),
        this.#cellsOf('attributes', 'serial', 'owner', 'permissions')),
      this.group);
  }

  /** Whether this keyring is below itself, which can happen in a tree that was read while it changed. */
  get isRepetition() {
    for (let above = this.parent; above; above = above.parent) {
      if (above.serial === this.serial) {
        return true;
      }
    }
    return false;
  }

  get isOpen() {
    return !this.group.hidden;
  }

  show(key) {
    const cells = this.#cells;
    this.key = key;
    cells.type.textContent = key.type ?? 'key';
    cells.description.textContent = printable(key.description ?? '');
    cells.description.hidden = key.description === null;
    cells.remarks.textContent = [...remarksOn(key), ...(this.isRepetition ? ['shown further up'] : [])].join(', ');
    cells.owner.textContent = key.uid === null ? '' : `${key.uid}:${key.gid}`;
    cells.permissions.textContent = key.permissions ?? '';
    cells.permissions.title = permissionsInWords(key.permissions ?? '');
    this.#setAttribute('aria-label', spoken(key));
    this.#setAttribute('data-description', key.description);
    this.#setAttribute('data-type', key.type);
    this.#setAttribute('data-state', key.state);
  }

  /** Opens or closes the list of members; null if there are none, except rows that are fading out. */
  setOpen(open) {
    this.group.hidden = open === false;
    this.#setAttribute('aria-expanded', open);
  }

  /** Marks the row as changed for some seconds. Further changes extend the time, so that it does not flicker. */
  highlight(event, times) {
    const goesOn = this.element.dataset.changed === event;
    this.#changes = goesOn ? this.#changes + times : times;
    this.#setAttribute('data-changed', event);
    this.#cells.change.textContent = event.toLowerCase() + (this.#changes > 1 ? ` ×${number(this.#changes)}` : '');
    clearTimeout(this.#changeTimer);
    this.#changeTimer = setTimeout(() => this.#setAttribute('data-changed', null), HIGHLIGHT_MILLIS);
    this.#outermostClosed()?.highlightWithin();
  }

  highlightWithin() {
    this.#setAttribute('data-changed-within', '');
    clearTimeout(this.#changeWithinTimer);
    this.#changeWithinTimer = setTimeout(() => this.#setAttribute('data-changed-within', null), HIGHLIGHT_MILLIS);
  }

  /** Fades the row out, removes it, and calls `onGone`. */
  leave(event, onGone) {
    this.#outermostClosed()?.highlightWithin();
    this.group.remove();
    this.#setAttribute('data-leaving', '');
    this.#setAttribute('data-changed', event);
    this.#setAttribute('aria-hidden', 'true');
    this.#cells.change.textContent = event.toLowerCase();
    clearTimeout(this.#changeTimer);
    setTimeout(() => {
      this.element.remove();
      onGone();
    }, LEAVING_MILLIS);
  }

  #outermostClosed() {
    let closed = null;
    for (let above = this.parent; above; above = above.parent) {
      closed = above.isOpen ? closed : above;
    }
    return closed;
  }

  #cellsOf(group, ...names) {
    return element('span', { class: group }, ...names.flatMap(name => [this.#cells[name], ' ']));
  }

  #setAttribute(name, value) {
    if (value === null) {
      this.element.removeAttribute(name);
    } else {
      this.element.setAttribute(name, value);
    }
  }
}

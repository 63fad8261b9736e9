import { oncePerFrame } from './frames.js';
import { TreeKeyboard } from './tree-keyboard.js';
import { TreeRow } from './tree-row.js';

/** Beyond this number of rows, keyrings start closed, and their rows are made when somebody opens them. */
const ROWS_OPENED_BY_THEMSELVES = 5_000;

/** The number of rows that fade out at a time. Further rows disappear at once. */
const FADING_AT_A_TIME = 50;

/** Shows a {@link KeyringModel} as an ARIA tree. A row lives as long as its place, and keeps its focus and its open state. */
export class TreeView {
  #list;
  #keyboard;
  #model = null;
  #root = null;
  #rows = new Map(); // serial -> the rows of its places
  #rowCount = 0;
  #rowOf = new WeakMap(); // element -> row
  #choices = new Map(); // path of a keyring -> whether somebody opened or closed it
  #changes = new Map(); // to be marked in the next frame, by place
  #fading = 0;
  #renderSoon = oncePerFrame(() => this.#render());

  constructor(list) {
    this.#list = list;
    this.#keyboard = new TreeKeyboard(list, (item, open) => this.#choose(this.#rowOf.get(item), open));
    list.addEventListener('click', event => this.#clicked(event.target));
  }

  /** Shows another model from now on. */
  show(model) {
    this.#model = model;
    this.#choices.clear();
    this.#changes.clear();
    this.#clear();
    this.#renderSoon();
  }

  /** Call this after the model has changed, with the changes that it returned. */
  update(changes) {
    for (const change of changes) {
      const place = placeOf(change.serial, change.parent);
      const earlier = this.#changes.get(place);
      const times = earlier?.event === change.event ? earlier.times + 1 : 1;
      this.#changes.set(place, { ...change, times });
    }
    this.#renderSoon();
  }

  #render() {
    if (this.#root?.serial !== this.#model.root) {
      this.#clear();
      this.#root = this.#model.root === null ? null : this.#add(this.#model.root, null);
    }
    if (this.#root) {
      this.#renderRow(this.#root);
    }
    this.#changes.forEach(change => this.#highlight(change));
    this.#changes.clear();
    this.#keyboard.ensureStop();
  }

  #clear() {
    if (this.#root) {
      this.#forget(this.#root);
      this.#root = null;
    }
    this.#list.replaceChildren();
  }

  #renderRow(row) {
    const key = this.#model.key(row.serial);
    if (row.key !== key) {
      row.show(key);
      this.#renderMembers(row);
    }
    row.children.forEach(child => this.#renderRow(child));
  }

  #renderMembers(row) {
    const { members } = row.key;
    const shown = row.isRepetition ? new Set() : members;
    const gone = [...row.children.values()].filter(child => !shown.has(child.serial));
    this.#keyboard.leave(gone.map(child => child.element));
    gone.forEach(child => this.#takeAway(child));
    const isOpen = shown.size === 0 ? null : this.#isToBeOpen(row);
    row.setOpen(isOpen);
    if (isOpen || row.children.size > 0) {
      this.#addMissing(row, shown);
    }
  }

  #isToBeOpen(row) {
    const isPopulated = row.children.size > 0;
    return this.#choices.get(pathOf(row)) ?? (isPopulated || this.#rowCount < ROWS_OPENED_BY_THEMSELVES);
  }

  #addMissing(row, members) {
    for (const serial of members) {
      if (!row.children.has(serial)) {
        row.children.set(serial, this.#add(serial, row));
      }
    }
  }

  #add(serial, parent) {
    const row = new TreeRow(serial, parent);
    this.#rowOf.set(row.element, row);
    this.#rows.set(serial, (this.#rows.get(serial) ?? new Set()).add(row));
    this.#rowCount++;
    (parent?.group ?? this.#list).append(row.element);
    return row;
  }

  #takeAway(row) {
    row.parent.children.delete(row.serial);
    this.#forget(row);
    if (this.#fading === FADING_AT_A_TIME) {
      row.element.remove();
    } else {
      this.#fading++;
      row.leave(this.#eventAt(row) ?? 'GONE', () => this.#fading--);
    }
  }

  #forget(row) {
    row.children.forEach(child => this.#forget(child));
    const places = this.#rows.get(row.serial);
    places.delete(row);
    if (places.size === 0) {
      this.#rows.delete(row.serial);
    }
    this.#rowCount--;
  }

  #eventAt(row) {
    return this.#changes.get(placeOf(row.serial, row.parent.serial))?.event;
  }

  #highlight({ serial, parent, event, times }) {
    for (const row of this.#rows.get(serial) ?? []) {
      if (parent === null || row.parent?.serial === parent) {
        row.highlight(event, times);
      }
    }
  }

  #clicked(target) {
    if (target.closest('.twisty')) {
      const row = this.#rowOf.get(target.closest('[role=treeitem]'));
      this.#choose(row, !row.isOpen);
    }
  }

  #choose(row, open) {
    if (row.key.members.size === 0) {
      return;
    }
    this.#choices.set(pathOf(row), open);
    if (!open) {
      this.#keyboard.leave([row.group], row.element);
    }
    this.#renderMembers(row);
    row.children.forEach(child => this.#renderRow(child));
  }
}

function placeOf(serial, parent) {
  return `${parent ?? 'anywhere'}/${serial}`;
}

function pathOf(row) {
  return row ? `${pathOf(row.parent)}/${row.serial}` : '';
}

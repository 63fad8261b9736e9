const VISIBLE_ITEMS = '[role=treeitem]:not([data-leaving], [role=group][hidden] *)';
const TYPE_AHEAD_MILLIS = 800;

/**
 * Keyboard use of a tree, as in the ARIA Authoring Practices: the tree is one stop of the Tab key, and arrows, Home,
 * End, Enter, `*` and typing a name move within it.
 */
export class TreeKeyboard {
  #tree;
  #setOpen;
  #current = null;
  #typed = '';
  #typedAt = 0;

  /** `setOpen(item, open)` opens or closes an item that has `aria-expanded`. */
  constructor(tree, setOpen) {
    this.#tree = tree;
    this.#setOpen = setOpen;
    tree.addEventListener('keydown', event => this.#pressed(event));
    tree.addEventListener('focusin', event => this.#stopAt(event.target.closest('[role=treeitem]')));
  }

  /** Call this after adding items: the first one is the tree's stop for the Tab key. */
  ensureStop() {
    if (!this.#current?.isConnected) {
      this.#stopAt(this.#tree.querySelector('[role=treeitem]'));
    }
  }

  /**
   * Call this before elements are hidden or removed. If the focus is in one of them, it moves to the successor, or else to the
   * nearest item that stays.
   */
  leave(elements, successor = null) {
    if (!elements.some(element => element.contains(this.#current))) {
      return;
    }
    const hadFocus = this.#current.contains(document.activeElement);
    this.#stopAt(successor ?? this.#nearestOutside(new Set(elements)));
    if (hadFocus) {
      this.#current?.focus();
    }
  }

  #nearestOutside(elements) {
    const items = this.#visibleItems();
    const index = items.indexOf(this.#current);
    const stays = item => {
      for (let around = item; around !== this.#tree; around = around.parentElement) {
        if (elements.has(around)) {
          return false;
        }
      }
      return true;
    };
    return items.slice(index).find(stays) ?? items.slice(0, index).findLast(stays) ?? null;
  }

  #stopAt(item) {
    this.#current?.setAttribute('tabindex', '-1');
    this.#current = item;
    this.#current?.setAttribute('tabindex', '0');
  }

  #pressed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.#current) {
      return;
    }
    if (this.#move(event.key)) {
      event.preventDefault();
    }
  }

  #move(key) {
    switch (key) {
      case 'ArrowDown':
        return this.#focusBy(1);
      case 'ArrowUp':
        return this.#focusBy(-1);
      case 'ArrowRight':
        return this.#openOrEnter();
      case 'ArrowLeft':
        return this.#closeOrLeave();
      case 'Home':
        return this.#focus(this.#visibleItems()[0]);
      case 'End':
        return this.#focus(this.#visibleItems().at(-1));
      case 'Enter':
      case ' ':
        return this.#toggle();
      case '*':
        return this.#openSiblings();
      default:
        return key.length === 1 && this.#typeAhead(key);
    }
  }

  #focusBy(step) {
    const items = this.#visibleItems();
    return this.#focus(items[items.indexOf(this.#current) + step]);
  }

  #openOrEnter() {
    if (this.#current.ariaExpanded === 'true') {
      return this.#focusBy(1);
    }
    return this.#toggle();
  }

  #closeOrLeave() {
    if (this.#current.ariaExpanded === 'true') {
      return this.#toggle();
    }
    return this.#focus(this.#current.parentElement.closest('[role=treeitem]'));
  }

  #toggle() {
    if (this.#current.ariaExpanded !== null) {
      this.#setOpen(this.#current, this.#current.ariaExpanded === 'false');
    }
    return true;
  }

  #openSiblings() {
    for (const sibling of this.#current.parentElement.children) {
      if (sibling.ariaExpanded === 'false') {
        this.#setOpen(sibling, true);
      }
    }
    return true;
  }

  #typeAhead(character) {
    const now = performance.now();
    this.#typed = now - this.#typedAt < TYPE_AHEAD_MILLIS ? this.#typed + character : character;
    this.#typedAt = now;
    const items = this.#visibleItems();
    const index = items.indexOf(this.#current);
    const from = this.#typed.length === 1 ? index + 1 : index; // the next one, or still this one as the name grows
    const wanted = this.#typed.toLowerCase();
    const found = [...items.slice(from), ...items.slice(0, from)]
      .find(item => item.dataset.description?.toLowerCase().startsWith(wanted));
    return this.#focus(found);
  }

  #focus(item) {
    item?.focus();
    return true;
  }

  #visibleItems() {
    return [...this.#tree.querySelectorAll(VISIBLE_ITEMS)];
  }
}

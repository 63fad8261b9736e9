// What is known of one keyring and of all that is below it. Knows nothing of the page.

const SWEEP_MARGIN = 1_000;

/**
 * The keys below one keyring. A key that is linked to several keyrings has several places in the tree, but is one key:
 * so this is a graph, and a change of a keyring shows at each of its places.
 *
 * Keys are never modified, only replaced: whoever kept one sees by `===` whether it is still the same.
 *
 * What modifies the model returns the changes, `{serial, parent, event}`: what happened to the key `serial` below the
 * keyring `parent`, or, where `parent` is null, to that key wherever it is.
 */
export class KeyringModel {
  #keys = new Map();
  #root = null;
  #sweepAt = SWEEP_MARGIN;

  /** The serial of the keyring on top, null before the first {@link replace}. */
  get root() {
    return this.#root;
  }

  /** The key of a serial. Some are known that are in the tree no more: a key outlives its links. */
  key(serial) {
    return this.#keys.get(serial);
  }

  /** How many keys are in the tree, each counted once. */
  size() {
    return this.#reachable().size;
  }

  /** The tree as the server would send it, each key with all that is known of it at the first of its places. */
  tree() {
    const drawn = new Set();
    const draw = serial => {
      const key = this.#keys.get(serial);
      const whole = !drawn.has(serial);
      drawn.add(serial);
      return {
        ...keyOf(key),
        ended: key.ended,
        complete: whole && key.complete,
        members: whole ? [...key.members].map(draw) : [],
      };
    };
    return draw(this.#root);
  }

  /** Takes a tree in place of all that was known. The changes are the differences: FOUND, GONE and DIFFERS. */
  replace(tree) {
    const before = this.#keys;
    this.#keys = new Map();
    this.#root = tree.serial;
    this.#learn(tree);
    for (const key of this.#keys.values()) {
      this.#keys.set(key.serial, continued(key, before.get(key.serial)));
    }
    return before.has(tree.serial) ? this.#differences(before) : [];
  }

  /**
   * Applies a notification of the kernel, and what the server found in the keyring then, which is more: the kernel does
   * not tell of the link that another one displaces. One of a key that is not known changes nothing.
   */
  apply({ event, key: serial, aux, node, members }) {
    if (!this.#keys.has(serial)) {
      return [];
    }
    const told = this.#applyEvent(event, serial, aux, node);
    const seen = members === null ? [] : this.#settle(serial, members, event === 'LINKED' ? aux : null);
    this.#sweep();
    return [...seen, ...told];
  }

  #applyEvent(event, serial, aux, node) {
    switch (event) {
      case 'LINKED':
        return this.#link(serial, aux, node);
      case 'UNLINKED':
        return this.#unlink(serial, aux);
      case 'CLEARED':
        return this.#empty(serial, event);
      case 'REVOKED':
        this.#end(serial, event);
        return this.#empty(serial, event); // no CLEARED tells that a revoked keyring is empty
      case 'INVALIDATED':
        this.#end(serial, event);
        return [everywhere(serial, event)];
      default:
        if (node) {
          this.#learnAttributes(node);
        }
        return [everywhere(serial, event)];
    }
  }

  /** Takes away a key that was destroyed. */
  remove(serial) {
    if (serial === this.#root) {
      this.#put({ ...this.#keys.get(serial), members: new Set(), ended: 'REMOVED' });
      return [everywhere(serial, 'REMOVED')];
    }
    const changes = [];
    for (const keyring of this.#keys.values()) {
      if (keyring.members.has(serial)) {
        this.#put({ ...keyring, members: without(keyring.members, serial) });
        changes.push({ serial, parent: keyring.serial, event: 'REMOVED' });
      }
    }
    this.#keys.delete(serial);
    return changes;
  }

  #link(keyring, serial, node) {
    if (node) {
      this.#learn(node);
    } else {
      this.#hearOf(serial);
    }
    const linking = this.#keys.get(keyring); // only now: it may be among what was learnt
    this.#put({ ...linking, members: new Set(linking.members).add(serial) });
    return [{ serial, parent: keyring, event: 'LINKED' }];
  }

  #unlink(keyring, serial) {
    const key = this.#keys.get(keyring);
    if (!key.members.has(serial)) {
      return [];
    }
    this.#put({ ...key, members: without(key.members, serial) });
    return [{ serial, parent: keyring, event: 'UNLINKED' }];
  }

  #empty(keyring, event) {
    const key = this.#keys.get(keyring);
    const gone = [...key.members].map(serial => ({ serial, parent: keyring, event }));
    this.#put({ ...key, members: new Set() });
    return [everywhere(keyring, event), ...gone];
  }

  #end(serial, event) {
    this.#put({ ...this.#keys.get(serial), ended: event });
  }

  /** Makes these the members, though no notification says so; `linked` is the one that was linked right now, if any. */
  #settle(keyring, serials, linked) {
    const key = this.#keys.get(keyring);
    const found = serials.filter(serial => !key.members.has(serial));
    const present = new Set(serials);
    const gone = [...key.members].filter(serial => !present.has(serial));
    if (found.length === 0 && gone.length === 0) {
      return [];
    }
    found.forEach(serial => this.#hearOf(serial));
    this.#put({ ...key, members: new Set([...without(key.members, ...gone), ...found]) });
    return [
      ...gone.map(serial => ({ serial, parent: keyring, event: this.#isNamedAs(serial, linked) ? 'REPLACED' : 'GONE' })),
      ...found.map(serial => ({ serial, parent: keyring, event: 'FOUND' })),
    ];
  }

  /** Whether a key has the type and description of another one: a keyring has room for one of them. */
  #isNamedAs(serial, other) {
    const [a, b] = [this.#keys.get(serial), this.#keys.get(other)];
    return serial !== other && b !== undefined && b.type !== null && a.type === b.type && a.description === b.description;
  }

  #hearOf(serial) {
    if (!this.#keys.has(serial)) {
      this.#put(unknownKey(serial));
    }
  }

  #learn(node) {
    const known = this.#keys.get(node.serial);
    const members = new Set(node.members.map(member => member.serial));
    this.#put({ ...keyOf(node), ...membersOf(known, node.complete, members), ended: known?.ended ?? node.ended ?? null });
    node.members.forEach(member => this.#learn(member));
  }

  /** What an attribute's change tells of members is only of use where they could not be read before. */
  #learnAttributes(node) {
    const { members, complete } = this.#keys.get(node.serial);
    this.#learn(node);
    if (complete) {
      this.#put({ ...this.#keys.get(node.serial), members, complete });
    }
  }

  #differences(before) {
    const changes = [];
    for (const key of this.#keys.values()) {
      const old = before.get(key.serial);
      if (old && differs(old, key)) {
        changes.push(everywhere(key.serial, 'DIFFERS'));
      }
      const formerMembers = old?.members ?? new Set();
      for (const serial of key.members) {
        if (!formerMembers.has(serial)) {
          changes.push({ serial, parent: key.serial, event: 'FOUND' });
        }
      }
      for (const serial of formerMembers) {
        if (!key.members.has(serial)) {
          changes.push({ serial, parent: key.serial, event: 'GONE' });
        }
      }
    }
    return changes;
  }

  /** Forgets keys that are in the tree no more, but only now and then: what happens to them next can still be named. */
  #sweep() {
    if (this.#keys.size < this.#sweepAt) {
      return;
    }
    const reachable = this.#reachable();
    for (const serial of this.#keys.keys()) {
      if (!reachable.has(serial)) {
        this.#keys.delete(serial);
      }
    }
    this.#sweepAt = 2 * this.#keys.size + SWEEP_MARGIN;
  }

  #reachable() {
    const reachable = new Set(this.#root === null ? [] : [this.#root]);
    for (const serial of reachable) { // a set's iteration includes what is added meanwhile
      this.#keys.get(serial).members.forEach(member => reachable.add(member));
    }
    return reachable;
  }

  #put(key) {
    this.#keys.set(key.serial, key);
  }
}

function everywhere(serial, event) {
  return { serial, parent: null, event };
}

function without(members, ...gone) {
  const others = new Set(members);
  gone.forEach(serial => others.delete(serial));
  return others;
}

function keyOf({ serial, type, description, uid, gid, permissions, expiry }) {
  return { serial, type, description, uid, gid, permissions, expiry };
}

function unknownKey(serial) {
  const attributes = { type: null, description: null, uid: null, gid: null, permissions: null, expiry: null };
  return { serial, ...attributes, complete: true, members: new Set(), ended: null };
}

/** The members of a keyring that was looked at again; an incomplete look takes away none that are known. */
function membersOf(known, complete, members) {
  if (complete || !known) {
    return { complete, members };
  }
  return { complete: known.complete, members: new Set([...known.members, ...members]) };
}

/**
 * A key of a new tree, as the successor of the one known before: members stay in their order, and what never changes,
 * its name and that it was revoked, is still known when nobody may look at it any more.
 */
function continued(key, before) {
  if (!before) {
    return key;
  }
  const kept = [...before.members].filter(serial => key.members.has(serial));
  return {
    ...key,
    type: key.type ?? before.type,
    description: key.description ?? before.description,
    members: new Set([...kept, ...key.members]),
    ended: before.ended,
  };
}

function differs(before, after) {
  if (after.ended) {
    return false; // there is nothing to look at any more, which is no change of its own
  }
  const attributes = ['type', 'description', 'uid', 'gid', 'permissions', 'complete'];
  return attributes.some(attribute => before[attribute] !== after[attribute])
    || expiryDiffers(before.expiry, after.expiry);
}

/** Whether somebody has set a key's expiry, or it has expired. That less is left than before is only time passing. */
function expiryDiffers(before, after) {
  const [secondsBefore, secondsAfter] = [secondsLeft(before), secondsLeft(after)];
  return Number.isNaN(secondsBefore) || Number.isNaN(secondsAfter)
    ? before !== after
    : secondsAfter > secondsBefore;
}

function secondsLeft(expiry) {
  const [, number, unit] = /^(\d+)([smhdw])$/.exec(expiry ?? '') ?? [];
  return Number(number) * { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }[unit];
}

// The state of one keyring and of all keys below it. It does not depend on the page.

const SWEEP_MARGIN = 1_000;

/**
 * The keys below one keyring. A key that is linked to several keyrings has several places in the tree, but is one key. The model
 * is therefore a graph, and a change of a keyring shows at each of its places.
 *
 * Keys are never modified, only replaced, so `===` shows whether a key has changed.
 *
 * Methods that modify the model return the changes, `{serial, parent, event}`: the event of the key `serial` below the keyring
 * `parent`, or, if `parent` is null, at each of its places.
 */
export class KeyringModel {
  #keys = new Map();
  #root = null;
  #sweepAt = SWEEP_MARGIN;

  /** The serial of the top keyring; null before the first {@link replace}. */
  get root() {
    return this.#root;
  }

  /** The key of a serial. It may no longer be in the tree, because a key outlives its links. */
  key(serial) {
    return this.#keys.get(serial);
  }

  /** The number of keys in the tree, each counted once. */
  size() {
    return this.#reachable().size;
  }

  /** The tree as the server would send it. Each keyring has its members at the first of its places only. */
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

  /** Replaces the whole tree. The changes are the differences: FOUND, GONE and DIFFERS. */
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
   * Applies a notification of the kernel, and the members that the server found in the keyring afterwards, because the kernel does
   * not report a link that another one displaces. A notification of an unknown key changes nothing.
   */
  apply({ event, key: serial, aux, node, members }) {
    if (!this.#keys.has(serial)) {
      return [];
    }
    const reported = this.#applyEvent(event, serial, aux, node);
    const seen = members === null ? [] : this.#settle(serial, members, event === 'LINKED' ? aux : null);
    this.#sweep();
    return [...seen, ...reported];
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
        return this.#empty(serial, event); // no CLEARED reports that a revoked keyring is empty
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

  /** Removes a key that was destroyed. */
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
    const linking = this.#keys.get(keyring); // not before: learning may have replaced it
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

  /** Makes these the members without a notification; `linked` is the key that has just been linked, if any. */
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

  /** Whether a key has the type and description of another one: a keyring can hold only one of them. */
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

  /** A change of an attribute brings members too. They are used only if they could not be read before. */
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

  /** Forgets keys that are no longer in the tree, but only now and then, so that their next changes still have a name. */
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
    for (const serial of reachable) { // a set's iteration includes elements added meanwhile
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

/** The members of a keyring after another look; an incomplete look removes no known members. */
function membersOf(known, complete, members) {
  if (complete || !known) {
    return { complete, members };
  }
  return { complete: known.complete, members: new Set([...known.members, ...members]) };
}

/**
 * A key of a new tree, as the successor of the earlier one. Members keep their order. Facts that never change, the name and a
 * revocation, are kept even if the key can no longer be viewed.
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
    return false; // it can no longer be viewed, which is not a change of its own
  }
  const attributes = ['type', 'description', 'uid', 'gid', 'permissions', 'complete'];
  return attributes.some(attribute => before[attribute] !== after[attribute])
    || expiryDiffers(before.expiry, after.expiry);
}

/** Whether a key's expiry was set, or the key has expired. Less time left than before is no difference. */
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

// The state of one keyring and of all keys below it. It does not depend on the page.

/**
 * The keys below one keyring, made of the events of docs/json.md. A key that is linked to several keyrings has several places in
 * the tree, but is one key. The model is therefore a graph, and a change of a key shows at each of its places.
 *
 * Keys are never modified, only replaced, so `===` shows whether a key has changed.
 *
 * Methods that modify the model return the changes, `{serial, parent, event}`: the event of the key `serial` below the keyring
 * `parent`, or, if `parent` is null, at each of its places.
 */
export class KeyringModel {
  #keys = new Map();
  #keyrings = new Map(); // serial -> the serials of the keyrings that have a link to it
  #root = null;

  /** The serial of the top keyring; null before the first snapshot. */
  get root() {
    return this.#root;
  }

  /** The key of a serial, while it is in the tree. */
  key(serial) {
    return this.#keys.get(serial);
  }

  /** The number of keys in the tree, each counted once. */
  size() {
    return this.#keys.size;
  }

  /** The whole, as an event of the type "snapshot"; each keyring comes before its members. */
  snapshot() {
    const links = [];
    const keyrings = new Set([this.#root]);
    for (const keyring of keyrings) { // a set's iteration includes elements added meanwhile
      for (const member of this.#keys.get(keyring).members) {
        links.push({ ...jsonOf(this.#keys.get(member)), keyring });
        keyrings.add(member);
      }
    }
    return { type: 'snapshot', root: this.#root, ...jsonOf(this.#keys.get(this.#root)), links };
  }

  /** Applies an event; one of an unknown type changes nothing. */
  apply(event) {
    switch (event.type) {
      case 'snapshot':
        return this.#replace(event);
      case 'linked':
        return this.#link(event.keyring, keyOf(event, 'key'));
      case 'replaced':
        return [
          ...this.#unlink(event.keyring, event.previous, 'REPLACED'),
          ...this.#link(event.keyring, keyOf(event, 'key')),
        ];
      case 'changed':
        this.#learn(keyOf(event, 'key'));
        return [everywhere(event.key, eventNameOf(event))];
      case 'unlinked':
        return this.#unlink(event.keyring, event.key, 'UNLINKED');
      case 'gone':
        return this.#remove(event.key);
      default:
        return [];
    }
  }

  /** Replaces everything. The changes are the differences: FOUND, GONE and DIFFERS. */
  #replace(snapshot) {
    const before = this.#keys;
    this.#keys = new Map();
    this.#keyrings = new Map();
    this.#root = snapshot.key;
    const members = new Map(); // serial of a keyring -> those of its members
    this.#learn(keyOf(snapshot, 'key'));
    for (const link of snapshot.links) {
      this.#learn(keyOf(link, 'key'));
      this.#addLink(link.keyring, link.key);
      members.set(link.keyring, (members.get(link.keyring) ?? new Set()).add(link.key));
    }
    for (const key of this.#keys.values()) {
      this.#put({ ...key, members: inOrderOf(before.get(key.serial), members.get(key.serial) ?? new Set()) });
    }
    return before.has(this.#root) ? this.#differences(before) : [];
  }

  #link(keyring, key) {
    this.#learn(key);
    const linking = this.#keys.get(keyring);
    this.#put({ ...linking, members: new Set(linking.members).add(key.serial) });
    this.#addLink(keyring, key.serial);
    return [{ serial: key.serial, parent: keyring, event: 'LINKED' }];
  }

  #unlink(keyring, serial, event) {
    const key = this.#keys.get(keyring);
    if (!key?.members.has(serial)) {
      return [];
    }
    this.#put({ ...key, members: without(key.members, serial) });
    this.#dropLink(keyring, serial);
    return [{ serial, parent: keyring, event }];
  }

  #addLink(keyring, serial) {
    this.#keyrings.set(serial, this.#keyringsOf(serial).add(keyring));
  }

  /** A key without a link is forgotten, and so are those below it that have no other link. */
  #dropLink(keyring, serial) {
    const keyrings = this.#keyringsOf(serial);
    keyrings.delete(keyring);
    if (keyrings.size === 0 && serial !== this.#root) {
      const members = this.#keys.get(serial).members;
      this.#keys.delete(serial);
      this.#keyrings.delete(serial);
      members.forEach(member => this.#dropLink(serial, member));
    }
  }

  #keyringsOf(serial) {
    return this.#keyrings.get(serial) ?? new Set();
  }

  #remove(serial) {
    if (serial === this.#root) {
      this.#put({ ...this.#keys.get(serial), members: new Set(), state: 'GONE' });
      return [everywhere(serial, 'GONE')];
    }
    return [...this.#keyringsOf(serial)].flatMap(keyring => this.#unlink(keyring, serial, 'GONE'));
  }

  #learn(key) {
    this.#put({ ...key, members: this.#keys.get(key.serial)?.members ?? new Set() });
  }

  #differences(before) {
    const changes = [];
    for (const key of this.#keys.values()) {
      const old = before.get(key.serial);
      if (old && ATTRIBUTES.some(attribute => old[attribute] !== key[attribute])) {
        changes.push(everywhere(key.serial, 'DIFFERS'));
      }
      const former = old?.members ?? new Set();
      for (const serial of key.members) {
        if (!former.has(serial)) {
          changes.push({ serial, parent: key.serial, event: 'FOUND' });
        }
      }
      for (const serial of former) {
        if (!key.members.has(serial)) {
          changes.push({ serial, parent: key.serial, event: 'GONE' });
        }
      }
    }
    return changes;
  }

  #put(key) {
    this.#keys.set(key.serial, key);
  }
}

/** The attributes of a key, and the fields of the JSON that have them, after the prefix. */
const FIELDS = {
  type: 'Type', description: 'Description', uid: 'Uid', gid: 'Gid', permissions: 'Permissions', state: 'State', watched: 'Watched',
};
const ATTRIBUTES = Object.keys(FIELDS);

/** The key of an event whose fields begin with a prefix; what is not known is null. */
export function keyOf(event, prefix) {
  const attributes = ATTRIBUTES.map(attribute => [attribute, event[prefix + FIELDS[attribute]] ?? null]);
  return { serial: event[prefix], ...Object.fromEntries(attributes) };
}

function jsonOf(key) {
  return { key: key.serial, ...Object.fromEntries(ATTRIBUTES.map(attribute => [`key${FIELDS[attribute]}`, key[attribute]])) };
}

/** The name of an event in capitals: the kernel's, such as UPDATED, or else the state that a look found, such as EXPIRED. */
export function eventNameOf({ type, event, keyState }) {
  if (type !== 'changed') {
    return type.toUpperCase();
  }
  return event ?? (keyState === 'VALID' ? 'CHANGED' : keyState);
}

function everywhere(serial, event) {
  return { serial, parent: null, event };
}

function without(members, serial) {
  const others = new Set(members);
  others.delete(serial);
  return others;
}

/** Members that were there before keep their places. */
function inOrderOf(before, members) {
  const kept = [...before?.members ?? []].filter(serial => members.has(serial));
  return new Set([...kept, ...members]);
}

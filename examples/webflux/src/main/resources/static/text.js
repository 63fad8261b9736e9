// Texts for users.

const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23',
});
const TIME_TO_THE_SECOND = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});
const NUMBER = new Intl.NumberFormat();
const LONGEST_ON_A_LINE = 120;

export function time(date) {
  return TIME.format(date);
}

export function timeToTheSecond(date) {
  return TIME_TO_THE_SECOND.format(date);
}

export function number(count) {
  return NUMBER.format(count);
}

export function counted(count, singular, plural = `${singular}s`) {
  return `${number(count)} ${count === 1 ? singular : plural}`;
}

/**
 * Any user can write a description. Characters that break the line, change its direction or are invisible are escaped, so that no
 * key can pass for another one.
 */
export function printable(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, character =>
    `\\u${character.codePointAt(0).toString(16).padStart(4, '0')}`);
}

/** A description that is printable and not too long for a line; it may have 4,095 characters. */
export function abbreviated(description) {
  const text = printable(description);
  return text.length > LONGEST_ON_A_LINE ? `${text.slice(0, LONGEST_ON_A_LINE)}…` : text;
}

export function nameOf(key) {
  return `${titleOf(key)} ${key.serial}`;
}

function titleOf({ type, description }) {
  return type === null ? 'key' : `${type} "${abbreviated(description)}"`;
}

/** The text of a key for screen readers, instead of columns. */
export function spoken(key) {
  return [
    titleOf(key),
    ...remarksOn(key),
    `serial ${key.serial}`,
    key.uid === null ? null : `owner ${key.uid}, group ${key.gid}`,
    key.permissions === null ? null : `permissions ${key.permissions}`,
  ].filter(part => part !== null).join(', ');
}

/** Remarks on the state of a key. */
export function remarksOn({ type, state, watched }) {
  const remarks = [];
  if (type === null) {
    remarks.push('only its serial is known');
  }
  if (state !== 'VALID') {
    remarks.push(state === 'GONE' ? 'destroyed' : state.toLowerCase().replaceAll('_', ' '));
  } else if (!watched) {
    remarks.push('not watched, seen late');
  }
  return remarks;
}

/** The permissions as keyctl(1) writes them, from eight hexadecimal digits: possessor, user, group and others. */
export function permissionsInWords(permissions) {
  const groups = permissions.match(/^(..)(..)(..)(..)$/)?.slice(1) ?? [];
  return ['possessor', 'user', 'group', 'others']
    .slice(0, groups.length)
    .map((who, index) => `${who} ${letters(Number.parseInt(groups[index], 16))}`)
    .join('  ');
}

function letters(bits) {
  return [...'alswrv'].map((letter, index) => (bits & (0x20 >> index) ? letter : '-')).join('');
}

/** A loss in two parts: a title and an explanation. */
export function lossInWords({ origin, dropped }) {
  if (origin === 'SUBSCRIBER') {
    const what = dropped === null ? 'changes were' : counted(dropped, 'change was', 'changes were');
    return [`This browser was too slow: ${what} dropped here.`, 'The server could not send them fast enough.'];
  }
  const howMany = dropped === null ? 'It does not count how many.' : `${counted(dropped, 'change')} in all.`;
  return ['The kernel dropped changes here.', `Its queue was full. ${howMany} What differs since then follows.`];
}

/** A snapshot in two parts: a title and an explanation. */
export function snapshotInWords({ first, gap, differences }) {
  if (first) {
    return ['Tree read.', 'Changes from here on.'];
  }
  const found = differences === 0
    ? 'No difference from the tree shown before.'
    : `${counted(differences, 'difference')} from the tree shown before, marked in the tree.`;
  return gap
    ? ['Reconnected, tree read again.', `Changes in between are missing from this list. ${found}`]
    : ['Tree read again.', found];
}

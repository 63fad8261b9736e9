import { timeToTheSecond } from './text.js';

/** Shows the state of a {@link ChangeStream}, in `data-state` of the page and in words. */
export class ConnectionView {
  #parts;
  #announcer;
  #state = null;
  #countdown = null;

  /** `parts` are the elements of the page: page, title, detail, countdown, tryNow. */
  constructor(parts, announcer) {
    this.#parts = parts;
    this.#announcer = announcer;
  }

  show(state) {
    const [title, detail] = inWords(state);
    const { page, tryNow } = this.#parts;
    page.dataset.state = state.name;
    this.#parts.title.textContent = title;
    this.#parts.detail.textContent = detail;
    tryNow.hidden = state.name !== 'refused';
    this.#announcer.say(`${title} ${detail}`);
    this.#state = state;
    this.#showCountdown();
    clearInterval(this.#countdown);
    if (state.name === 'refused') {
      this.#countdown = setInterval(() => this.#showCountdown(), 1_000);
    }
  }

  /** Not part of the detail, since nobody wants a report of each second. */
  #showCountdown() {
    this.#parts.countdown.textContent = countdownInWords(this.#state);
  }
}

function inWords({ name, since, problem }) {
  switch (name) {
    case 'connecting':
      return ['Connecting', 'to the server.'];
    case 'live':
      return ['Live', `since ${timeToTheSecond(since)}.`];
    case 'reconnecting':
      return ['Reconnecting', staleSince(since)];
    default:
      return ['Refused', `${problem.title}. ${problem.detail} ${since ? staleSince(since) : ''}`];
  }
}

function staleSince(since) {
  return `No connection since ${timeToTheSecond(since)}. The tree is as it was then.`;
}

function countdownInWords({ name, nextTry }) {
  if (name !== 'refused') {
    return '';
  }
  const seconds = nextTry === null ? 0 : Math.ceil((nextTry - Date.now()) / 1_000);
  return seconds > 0 ? `Next try in ${seconds} s.` : 'Trying again.';
}

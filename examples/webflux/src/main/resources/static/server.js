const PATIENCE_MILLIS = 10_000;

/** An error response of the server, in the words of its problem details (RFC 9457) if it has any. */
export class Refusal extends Error {
  constructor(title, detail) {
    super(title);
    this.title = title;
    this.detail = detail;
  }
}

/** The references of the keyrings that may be watched. */
export async function listKeyrings() {
  return (await fetchJson('keyrings')).keyrings;
}

/** The keys below a keyring, as they are now. */
export function readKeyring(reference) {
  return fetchJson(pathOf(reference));
}

/** The stream of changes of a keyring. */
export function openChanges(reference) {
  return new EventSource(`${pathOf(reference)}/changes`);
}

function pathOf(reference) {
  return `keyrings/${encodeURIComponent(reference)}`;
}

async function fetchJson(path) {
  const response = await fetch(path, {
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(PATIENCE_MILLIS),
  });
  if (!response.ok) {
    throw await refusalOf(response);
  }
  return response.json();
}

async function refusalOf(response) {
  const { title, detail } = await response.json().catch(() => ({})); // a proxy's errors are not JSON
  return new Refusal(title ?? `The server answered ${response.status}`, detail ?? '');
}

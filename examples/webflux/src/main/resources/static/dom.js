/**
 * Creates an element. Text becomes text, never markup: what the page shows was written by others. Attributes that are
 * null are left out.
 */
export function element(name, attributes = {}, ...content) {
  const created = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null) {
      created.setAttribute(attribute, value);
    }
  }
  created.append(...content);
  return created;
}

/**
 * Creates an element. Text stays text and never becomes markup, because others wrote it. Attributes that are null are
 * left out.
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

const svgSpace = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. Children are nodes or texts: a text is never read as markup, so that nothing that the API tells can
 * become a part of the page.
 */
export function h(name, props = {}, ...children) {
  return fill(document.createElement(name), props, children);
}

/** Makes an element of SVG. */
export function svg(name, props = {}, ...children) {
  return fill(document.createElementNS(svgSpace, name), props, children);
}

function fill(element, props, children) {
  for (const [key, value] of Object.entries(props)) setProp(element, key, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function setProp(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
  else if (key === 'dataset') Object.assign(element.dataset, value);
  else element.setAttribute(key, value === true ? '' : String(value));
}

/** Sets a text where it has changed: what is selected stays selected. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets attributes where they have changed; null takes one away. */
export function setAttributes(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(key);
    else if (element.getAttribute(key) !== String(value)) element.setAttribute(key, String(value));
  }
}

/** Returns a function that shows a list in a parent: each item has a part of its own, which stays and is updated. */
export function keyedList(parent, keyOf, makePart) {
  const parts = new Map();
  return {
    parts: () => [...parts.values()],
    show(items) {
      const keys = new Set(items.map(keyOf));
      for (const [key, part] of parts) if (!keys.has(key)) (part.node.remove(), parts.delete(key));
      let previous = null;
      for (const item of items) {
        const key = keyOf(item);
        if (!parts.has(key)) parts.set(key, makePart(item));
        const part = parts.get(key);
        part.update(item);
        const next = previous === null ? parent.firstChild : previous.nextSibling;
        if (next !== part.node) parent.insertBefore(part.node, next);
        previous = part.node;
      }
    },
  };
}

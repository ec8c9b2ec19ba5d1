/** Builds elements. Whatever comes from outside becomes text: nothing here makes markup of a string. */

const SVG = "http://www.w3.org/2000/svg";

/** An element. `properties` are properties of it, but `data` and `aria` are maps; children are nodes or texts. */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG, where properties are attributes. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function fill(node, { data = {}, aria = {}, ...properties }, children) {
  Object.assign(node, properties);
  Object.assign(node.dataset, data);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(name === "role" ? name : `aria-${name}`, value);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Sets a text, and touches the page only when it is another one. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Makes the children of `parent` these, in this order, and moves no node that stands where it should. */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, place) => {
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
}

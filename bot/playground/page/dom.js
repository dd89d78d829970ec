/** Elements are built, never parsed: text becomes text nodes, and markup in a message stays text. */

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) set(node, name, value);
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked") node[name] = value;
  else node.setAttribute(name, value === true ? "" : value);
}

/** The address if it is http(s), else null: nothing else may become a link. */
export function webAddress(address) {
  if (!/^https?:\/\//i.test(address ?? "") || !URL.canParse(address)) return null;
  return new URL(address).href;
}

export function link(address, ...label) {
  const href = webAddress(address);
  if (!href) return h("span", {}, ...label);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer", title: href }, ...label);
}

const made = new WeakMap();

function build(item) {
  const node = item.build();
  made.set(node, item);
  return node;
}

/** Put a fresh node in place of one that says something else now; the focus stays where it was. */
function replace(node, fresh) {
  const focused = document.activeElement;
  const inside = node.contains(focused);
  const name = focused?.closest("[data-focus]")?.dataset.focus ?? "";
  node.replaceWith(fresh);
  if (node === focused) fresh.focus();
  else if (inside) fresh.querySelector(`[data-focus="${CSS.escape(name)}"]`)?.focus();
}

/**
 * Make the children of `box` follow `items` ([{key, print, build}]): a child is rebuilt only if its print changed,
 * so that what a person is typing or pointing at elsewhere stays as it is.
 */
export function follow(box, items) {
  const old = new Map([...box.children].map((child) => [made.get(child)?.key, child]));
  let at = box.firstElementChild;
  for (const item of items) {
    let node = old.get(item.key);
    old.delete(item.key);
    if (!node) node = build(item);
    else if (made.get(node).print !== item.print) {
      const fresh = build(item);
      if (at === node) at = fresh;
      replace(node, fresh);
      node = fresh;
    }
    if (node === at) at = at.nextElementSibling;
    else box.insertBefore(node, at);
  }
  for (const gone of old.values()) gone.remove();
}

/** Cut `text` by the rule that matches first, again and again; rules are [expression, match => node or null]. */
export function scan(text, rules, plain = (piece) => [piece]) {
  const nodes = [];
  let rest = 0;
  let from = 0;
  for (;;) {
    const found = earliest(text, rules, from);
    if (!found) break;
    const [match, make] = found;
    const node = make(match);
    from = match.index + match[0].length;
    if (node === null) continue;
    if (match.index > rest) nodes.push(...plain(text.slice(rest, match.index)));
    nodes.push(node);
    rest = from;
  }
  if (rest < text.length) nodes.push(...plain(text.slice(rest)));
  return nodes;
}

function earliest(text, rules, from) {
  let best = null;
  for (const [expression, make] of rules) {
    expression.lastIndex = from;
    const match = expression.exec(text);
    if (match && (!best || match.index < best[0].index)) best = [match, make];
  }
  return best;
}

export function toast(text) {
  const node = h("div", { class: "toast" }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}

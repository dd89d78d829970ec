/** The page's own line icons, drawn on a field of 20 by 20. */
const PATHS = {
  reply: "M3 4.5h14v9H9.5L6 16.5v-3H3z",
  smile: "M10 2.5a7.5 7.5 0 1 0 .01 0zM6.8 12a3.8 3.8 0 0 0 6.4 0M7.4 8v.2M12.6 8v.2",
  pencil: "M4 16l.8-3.4L13.4 4 16 6.6l-8.6 8.6zM11.6 5.8l2.6 2.6",
  bin: "M4 5.5h12M8 5.5V3.5h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5",
  copy: "M7 7h9v9H7zM13 7V4H4v9h3",
  plus: "M10 4v12M4 10h12",
  at: "M13 10a3 3 0 1 1-.01-.3zM13 7v4.2a2 2 0 0 0 4 0V10a7 7 0 1 0-2.8 5.6",
  slash: "M7 15.5l6-11M3 3h14v14H3z",
  send: "M3 10L3.5 3.5 17.5 10 3.5 16.5zM3 10h7",
  close: "M5 5l10 10M15 5L5 15",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  search: "M9 3.5a5.5 5.5 0 1 0 .01 0zM13 13l4 4",
  sun: "M10 6.5a3.5 3.5 0 1 0 .01 0zM10 1.8v1.6M10 16.6v1.6M1.8 10h1.6M16.6 10h1.6M4.2 4.2l1.1 1.1M14.7 14.7l1.1 1.1M4.2 15.8l1.1-1.1M14.7 5.3l1.1-1.1",
  moon: "M16 11.8A6.8 6.8 0 0 1 8.2 4 6.6 6.6 0 1 0 16 11.8z",
  system: "M3 4h14v9.5H3zM7.5 17h5M10 13.5V17",
  keys: "M2.5 5h15v10h-15zM5.5 8v.2M8.5 8v.2M11.5 8v.2M14.5 8v.2M6.5 12h7",
  file: "M5 2.5h6.5L15 6v11.5H5zM11.5 2.5V6H15",
  down: "M10 3.5v9M6 9l4 4 4-4M4 16.5h12",
  end: "M10 4v11M5.5 10.5L10 15l4.5-4.5",
  back: "M12.5 4.5L7 10l5.5 5.5",
  fold: "M5 7.5l5 5 5-5",
  check: "M4.5 10.5l3.6 3.7 7.4-8.4",
  lock: "M4.5 9h11v8h-11zM7 9V6.5a3 3 0 0 1 6 0V9",
  play: "M6 3.5l10 6.5-10 6.5z",
  storm: "M5.5 11.5a3.4 3.4 0 0 1 .4-6.7 4.6 4.6 0 0 1 8.7 1.4 2.8 2.8 0 0 1 .4 5.3M10.8 9l-2.6 4h3.4l-2.4 4",
};

export function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A decoration: the control that carries it has the words. */
export function icon(name) {
  return svg("svg", { class: "line-icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));
}

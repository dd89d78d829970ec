/** Light, dark, or as the system has it; the choice stays in this browser. */
import { h } from "./dom.js";
import { icon } from "./icons.js";

const CHOICES = { system: "as the system", light: "light", dark: "dark" };
const names = Object.keys(CHOICES);
const ICONS = { system: "system", light: "sun", dark: "moon" };
let chosen = names.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "system";

function show() {
  document.documentElement.dataset.theme = chosen;
}

show();

export function themeButton() {
  const node = h("button", { type: "button", class: "icon", onclick: next });
  function next() {
    chosen = names[(names.indexOf(chosen) + 1) % names.length];
    localStorage.setItem("theme", chosen);
    show();
    label();
  }
  function label() {
    node.replaceChildren(icon(ICONS[chosen]));
    node.setAttribute("title", `Colours: ${CHOICES[chosen]}`);
    node.setAttribute("aria-label", `Colours: ${CHOICES[chosen]}. Change`);
  }
  label();
  return node;
}

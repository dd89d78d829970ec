/** Ctrl+K: jump to a channel or become somebody, by a few letters. */
import { h } from "./dom.js";
import { avatar, sign } from "./people.js";
import { bot, isDirect, myChannels, people, state, title } from "./state.js";
import { visit } from "./sidebar.js";
import { become } from "./stream.js";

const dialog = document.getElementById("switcher");

function targets() {
  const places = myChannels().map((each) => ({
    mark: isDirect(each) ? avatar(bot()) : sign(each), name: title(each), about: isDirect(each) ? "App" : "", go: () => visit(each.id),
  }));
  const seats = people().filter((each) => each.id !== state.me)
    .map((each) => ({ mark: avatar(each), name: each.name, about: "Speak as this person", go: () => become(each.id) }));
  return [...places, ...seats];
}

export function openSwitcher() {
  const all = targets();
  let found = all;
  let chosen = 0;
  const list = h("ul", { id: "switcher-list", role: "listbox", "aria-label": "Channels and people" });
  const field = h("input", {
    class: "field", type: "text", placeholder: "Jump to a channel, or become somebody", "aria-label": "Jump to", role: "combobox", "aria-expanded": "true",
    "aria-controls": "switcher-list", autocomplete: "off", oninput: () => draw(0), onkeydown: keyed,
  });

  function go(target) {
    dialog.close();
    target?.go();
  }

  function draw(index) {
    const words = field.value.trim().toLowerCase();
    found = all.filter((each) => each.name.toLowerCase().includes(words));
    chosen = found.length ? (index + found.length) % found.length : 0;
    list.replaceChildren(...found.map((each, at) => h("li", {
      id: `switch-${at}`, role: "option", "aria-selected": String(at === chosen), onclick: () => go(each),
    }, each.mark, h("b", {}, each.name), h("span", {}, each.about))));
    if (!found.length) list.replaceChildren(h("li", { class: "nothing" }, "Nothing of that name."));
    field.setAttribute("aria-activedescendant", `switch-${chosen}`);
  }

  function keyed(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) draw(chosen + moves[event.key]);
    else if (event.key === "Enter") go(found[chosen]);
    else return;
    event.preventDefault();
  }

  dialog.replaceChildren(field, list);
  draw(0);
  if (!dialog.open) dialog.showModal();
  field.focus();
}

dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

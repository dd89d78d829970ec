/** The list of what could stand here, above the field; the field keeps the focus and leads through it. */
import { h } from "./dom.js";
import { avatar } from "./people.js";

const NOTHING = { typed: "", options: [], eager: false };

/** For `field`; `taken` is called once an option stands in it. The result is {box, offer, close, keyed}. */
export function completionMenu(field, id, taken) {
  let found = NOTHING;
  let chosen = -1;
  const box = h("ul", { id, class: "completion", role: "listbox", "aria-label": "Completion", hidden: true });

  function offer(now, index = now.eager ? 0 : -1) {
    [found, chosen] = [now, index];
    box.hidden = !now.options.length;
    box.replaceChildren(...now.options.map(option));
    box.children[index]?.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", index >= 0 ? `${id}-${index}` : "");
  }

  function option(each, at) {
    return h("li", {
      id: `${id}-${at}`, role: "option", "aria-selected": String(at === chosen), class: each.told ? "told" : null,
      onmousedown: (event) => { event.preventDefault(); if (!each.told) take(each); },
    }, each.person ? avatar(each.person) : null, each.picture?.(), h("b", {}, each.label), each.usage ? h("code", {}, each.usage) : null, h("span", {}, each.about));
  }

  function take(each) {
    const end = field.selectionStart;
    field.setRangeText(`${each.insert} `, end - found.typed.length, end, "end");
    taken();
  }

  function move(step) {
    const length = found.options.length;
    offer(found, chosen < 0 && step < 0 ? length - 1 : (chosen + step + length) % length);
  }

  const close = () => offer(NOTHING);

  /** Whether the menu took the key. */
  function keyed({ key, shiftKey }) {
    const open = found.options.some((each) => !each.told);
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (open && key in moves) move(moves[key]);
    else if (open && !shiftKey && (key === "Tab" || (key === "Enter" && chosen >= 0))) take(found.options[Math.max(0, chosen)]);
    else if (found.options.length && key === "Escape") close();
    else return false;
    return true;
  }

  return { box, offer, close, keyed };
}

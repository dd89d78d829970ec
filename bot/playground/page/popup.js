/** A small box beside a control; it closes by Esc, a click elsewhere, or a choice. */
import { h } from "./dom.js";

const GAP = 6;

export function popUp(anchor, label, ...content) {
  const box = h("div", { class: "popup", popover: "auto", role: "dialog", "aria-label": label }, ...content);
  box.addEventListener("toggle", ({ newState }) => {
    if (newState !== "closed") return;
    box.remove();
    if (document.activeElement === document.body) anchor.focus();
  });
  document.body.append(box);
  box.showPopover();
  place(box, anchor.getBoundingClientRect());
  box.querySelector("button, input")?.focus();
  return box;
}

function place(box, beside) {
  const { width, height } = box.getBoundingClientRect();
  const above = beside.top - height - GAP;
  box.style.left = `${Math.max(GAP, Math.min(beside.right - width, innerWidth - width - GAP))}px`;
  box.style.top = `${above > GAP ? above : Math.min(beside.bottom + GAP, innerHeight - height - GAP)}px`;
}

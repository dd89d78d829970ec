/** The modal on top of the stack of open views. */
import { post } from "./api.js";
import { blocks } from "./blocks.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { plain, textObject } from "./mrkdwn.js";
import { closeView, showView, state } from "./state.js";

const dialog = document.getElementById("modal");
const values = {};
let drawn = "";
let problems = {};

dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  dismiss();
});

/** A view (modal or Home) as a surface for its blocks. */
export function viewSurface(view, failed) {
  values[view.id] ??= {};
  return {
    id: view.id,
    values: values[view.id],
    act: async (block, action, value) => {
      const place = { user: state.me, view_id: view.id };
      const answer = await post("/human/click", { ...place, block_id: block, action_id: action, value, values: values[view.id] });
      if (answer.view) showView(answer.view);
      if (!answer.ok) failed(answer.error);
    },
  };
}

const top = () => state.views.at(-1);

async function dismiss() {
  const view = top();
  if (!view) return;
  const answer = await post("/human/close", { user: state.me, view_id: view.id });
  if (answer.ok || top()?.id === view.id) closeView(view.id);
}

/** What was entered in the blocks that the view still has. */
function collected(view) {
  const there = new Set(view.blocks.map((block, index) => block.block_id ?? `block-${index}`));
  return Object.fromEntries(Object.entries(values[view.id] ?? {}).filter(([block]) => there.has(block)));
}

/** While the app is asked, the form rests and its button turns. */
function busy(now) {
  dialog.toggleAttribute("data-busy", now);
  const button = dialog.querySelector(".submit");
  if (now) button?.setAttribute("aria-busy", "true");
  else button?.removeAttribute("aria-busy");
}

async function submit(view) {
  if (dialog.hasAttribute("data-busy")) return;
  busy(true);
  const answer = await post("/human/submit", { user: state.me, view_id: view.id, values: collected(view) });
  busy(false);
  if (answer.errors && Object.keys(answer.errors).length) return complain(answer.errors);
  if (!answer.ok) return complain({ "": `We had some trouble connecting: "${answer.error}". Try again?` });
  const next = answer.view;
  if (next && !state.views.some((each) => each.id === next.id)) showView(next);
  if (next?.id !== view.id && next?.previous_view_id !== view.id) closeView(view.id);
}

function complain(errors) {
  problems = { ...errors };
  const known = new Set();
  for (const node of dialog.querySelectorAll("[data-problem]")) {
    node.textContent = errors[node.dataset.problem] ?? "";
    node.closest(".block")?.classList.toggle("wrong", Boolean(node.textContent));
    known.add(node.dataset.problem);
  }
  const rest = Object.entries(errors).filter(([block]) => !known.has(block)).map(([, text]) => text);
  dialog.querySelector(".trouble").textContent = rest.join(" ");
  dialog.querySelector(".wrong .field, .wrong input")?.focus();
}

/** Whoever mends a field need not read its complaint any longer. */
function calm(event) {
  const block = event.target.closest(".wrong");
  if (!block) return;
  delete problems[block.dataset.block];
  block.classList.remove("wrong");
  block.querySelector("[data-problem]").textContent = "";
}

function form(view) {
  const surface = viewSurface(view, (error) => complain({ "": `The app failed with the error "${error}"` }));
  const below = state.views.at(-2);
  return h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(view); }, oninput: calm },
    h("header", {},
      below ? h("button", { type: "button", class: "icon", "aria-label": `Back to ${plain(below.title?.text ?? "")}`, title: "Back", onclick: dismiss }, icon("back")) : null,
      h("h2", { id: "modal-title" }, ...textObject(view.title)),
      h("button", { type: "button", class: "icon", "aria-label": "Close", title: "Close (Esc)", onclick: dismiss }, icon("close"))),
    h("div", { class: "blocks" }, blocks(view.blocks, surface)),
    h("p", { class: "trouble", role: "alert" }),
    h("footer", {},
      h("button", { type: "button", class: "button plain", onclick: dismiss }, ...(view.close ? textObject(view.close) : [view.submit ? "Cancel" : "Close"])),
      view.submit ? h("button", { type: "submit", class: "button primary submit" }, ...textObject(view.submit)) : null));
}

export function drawModal() {
  const view = top();
  if (!view) {
    drawn = "";
    busy(false);
    if (dialog.open) dialog.close();
    return;
  }
  const print = JSON.stringify([view.id, view.hash, view.title, view.submit, view.blocks, state.views.length]);
  if (print !== drawn) {
    const same = dialog.dataset.view === view.id;
    const focus = same ? document.activeElement?.closest("[data-focus]")?.dataset.focus : null;
    const scroll = same ? dialog.querySelector(".blocks")?.scrollTop ?? 0 : 0;
    dialog.replaceChildren(form(view));
    dialog.dataset.view = view.id;
    dialog.dataset.depth = state.views.length;
    dialog.querySelector(".blocks").scrollTop = scroll;
    if (!dialog.open) dialog.showModal();
    const first = dialog.querySelector(".blocks .field, .blocks input") ?? dialog.querySelector(".submit");
    (focus ? dialog.querySelector(`[data-focus="${CSS.escape(focus)}"]`) : first)?.focus({ preventScroll: Boolean(focus) });
    if (same) complain(problems);
    else problems = {};
    drawn = print;
  }
}

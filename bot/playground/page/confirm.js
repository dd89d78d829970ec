/** The question before a button does its work. */
import { h } from "./dom.js";
import { textObject } from "./mrkdwn.js";

/** Ask with Slack's confirm object; resolves to whether the person agreed. Esc and Cancel say no. */
export function confirmed(question) {
  const dialog = document.getElementById("confirm");
  const danger = question.style === "danger" ? "danger" : "primary";
  dialog.replaceChildren(h("form", { method: "dialog" },
    h("h2", { id: "confirm-title" }, ...textObject(question.title)),
    h("div", { class: "text" }, ...textObject(question.text)),
    h("div", { class: "buttons" },
      h("button", { class: "button plain", value: "no" }, ...textObject(question.deny ?? { text: "Cancel" })),
      h("button", { class: `button ${danger}`, value: "yes", autofocus: true }, ...textObject(question.confirm ?? { text: "Yes" })))));
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Files that wait to be sent: by button, paste and drop; each with a small picture and a way to take it out. */
import { upload } from "./api.js";
import { h } from "./dom.js";
import { isPicture, size } from "./files.js";
import { icon } from "./icons.js";

const SMALL = 8 * 1024 * 1024;

function picture(file) {
  const node = h("img", { class: "waiting-picture", alt: "" });
  const reader = new FileReader();
  reader.onload = () => { node.src = reader.result; };
  reader.readAsDataURL(file);
  return node;
}

/** `changed` is called when the list changes. The result is {box, button, take, count, send}. */
export function attachments(changed) {
  let waiting = [];
  const box = h("ul", { class: "waiting", "aria-label": "Files to send", hidden: true });
  const input = h("input", { type: "file", multiple: true, hidden: true, onchange: () => { take(input.files); input.value = ""; } });
  const button = h("button", { type: "button", class: "icon attach", "aria-label": "Attach files", title: "Attach files", onclick: () => input.click() }, icon("plus"));

  function take(files) {
    waiting = [...waiting, ...files];
    draw();
  }

  function drop(file) {
    waiting = waiting.filter((each) => each !== file);
    draw();
  }

  function draw() {
    box.hidden = !waiting.length;
    box.replaceChildren(...waiting.map((file) => h("li", {},
      isPicture(file.type) && file.size < SMALL ? picture(file) : h("span", { class: "file-icon" }, icon("file")),
      h("span", { class: "file-about" }, h("b", { class: "file-name" }, file.name), h("small", {}, size(file.size))),
      h("button", { type: "button", class: "icon", "aria-label": `Remove ${file.name}`, onclick: () => drop(file) }, icon("close")))));
    changed();
  }

  /** Send them in order, the text with the first; resolves to the errors. What failed waits on. */
  async function send(fields, text) {
    const errors = [];
    for (const [index, file] of [...waiting].entries()) {
      const answer = await upload("/human/upload", file, { ...fields, text: index ? "" : text });
      if (answer.ok) drop(file);
      else errors.push(`${file.name}: ${answer.error}`);
    }
    return errors;
  }

  return { box, button: h("span", {}, input, button), take, send, count: () => waiting.length };
}

/** Let files be dropped anywhere on `area`. */
export function dropZone(area, take) {
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  area.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    area.classList.add("dropping");
  });
  area.addEventListener("dragleave", (event) => { if (!area.contains(event.relatedTarget)) area.classList.remove("dropping"); });
  area.addEventListener("drop", (event) => {
    area.classList.remove("dropping");
    if (!carries(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
}

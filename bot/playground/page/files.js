/** Files of a message: pictures are shown, everything can be downloaded. All of it comes from this workspace only. */
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { state } from "./state.js";

// What a browser only paints. SVG can hold scripts and links: it is a file like any other.
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"]);
const UNITS = ["bytes", "KB", "MB", "GB"];

export function size(bytes) {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(1024)));
  const number = bytes / 1024 ** step;
  return `${step && number < 10 ? number.toFixed(1) : Math.round(number)} ${UNITS[step]}`;
}

/** The address if this workspace serves it, else null: the page loads nothing from elsewhere. */
export function own(address) {
  if (!address || !URL.canParse(address, location.href)) return null;
  const parsed = new URL(address, location.href);
  return parsed.origin === location.origin ? parsed.href : null;
}

/** Where the page reads a file that this person may see. */
export const fileAddress = (id) => `/human/file/${encodeURIComponent(id)}?user=${encodeURIComponent(state.me)}`;

export const isPicture = (mimetype) => PICTURES.has(mimetype);

function about(file, name) {
  const kind = (file.filetype || name.split(".").at(-1) || "file").toUpperCase().slice(0, 12);
  return h("span", { class: "file-about" }, h("b", { class: "file-name" }, name), h("small", {}, [kind, file.size >= 0 ? size(file.size) : null].filter(Boolean).join(" · ")));
}

function download(file, name) {
  return h("a", { class: "icon", href: fileAddress(file.id), download: name, "aria-label": `Download ${name}`, title: "Download" }, icon("down"));
}

function preview(file, name) {
  if (!isPicture(file.mimetype)) return null;
  return h("a", { class: "preview", href: fileAddress(file.id), target: "_blank", rel: "noopener noreferrer", title: `Open ${name}` },
    h("img", { src: fileAddress(file.id), alt: file.alt_txt || name, loading: "lazy" }));
}

function card(file) {
  if (!file.name) return h("p", { class: "gone" }, "This file was deleted.");
  const name = file.title || file.name || "file";
  const seen = preview(file, name);
  const chip = h("div", { class: "file-chip" }, h("span", { class: "file-icon", "aria-hidden": "true" }, icon("file")), about(file, name), download(file, name));
  return h("div", { class: `file ${seen ? "pictured" : ""}`, "data-file": file.id }, seen, chip);
}

export function files(message) {
  return message.files?.length ? h("div", { class: "files" }, message.files.map(card)) : null;
}

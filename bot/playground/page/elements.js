/** Interactive elements. A surface (a message, a modal, Home) gives `values`, what it was filled with, and `act`. */
import { confirmed } from "./confirm.js";
import { h, webAddress } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";
import { people } from "./state.js";

const label = (text) => plain(text?.text ?? "");
const name = (place) => `${place.block}/${place.id}`;

/** The value entered before this drawing, or `initial`. */
function entered(place, key, initial) {
  const before = place.surface.values[place.block]?.[place.id];
  return before ? before[key] : initial;
}

function record(place, value) {
  place.surface.values[place.block] ??= {};
  place.surface.values[place.block][place.id] = value;
}

/** Tell the bot of a choice; a confirm dialog comes first, the control rests until the answer. */
async function act(place, node, value) {
  const element = place.element;
  if (element.confirm && !(await confirmed(element.confirm))) return;
  node.setAttribute("aria-busy", "true");
  await place.surface.act(place.block, element.action_id, value);
  node.removeAttribute("aria-busy");
}

function button(place) {
  const { element } = place;
  const style = ["primary", "danger"].includes(element.style) ? element.style : "plain";
  const node = h("button", {
    type: "button", class: `button ${style}`, "data-focus": name(place), "data-action": element.action_id,
    "aria-label": element.accessibility_label, onclick: () => {
      if (node.hasAttribute("aria-busy")) return;
      const address = webAddress(element.url);
      if (address) window.open(address, "_blank", "noopener");
      act(place, node, element.value);
    },
  }, ...textObject(element.text));
  return node;
}

const groupsOf = (element) => element.option_groups ?? [{ options: element.options ?? [] }];
const optionsOf = (element) => groupsOf(element).flatMap((group) => group.options);

function select(place, options, chosen, choose) {
  const option = (each) => h("option", { value: each.value }, label(each.text));
  const groups = options.map((group) => (group.label
    ? h("optgroup", { label: label(group.label) }, group.options.map(option)) : group.options.map(option)));
  const node = h("select", {
    class: "field", "data-focus": name(place), "data-action": place.element.action_id,
    "aria-label": place.label ?? (label(place.element.placeholder) || "Choose"), onchange: () => choose(node, node.value),
  }, h("option", { value: "" }, label(place.element.placeholder) || "Choose an option"), ...groups);
  node.value = chosen ?? "";
  return node;
}

function staticSelect(place) {
  const { element } = place;
  const keep = (option) => record(place, { type: element.type, selected_option: option ?? null });
  const now = entered(place, "selected_option", element.initial_option);
  keep(now);
  return select(place, groupsOf(element), now?.value, (node, value) => {
    const option = optionsOf(element).find((each) => each.value === value);
    keep(option);
    if (option && place.acts) act(place, node, option.value);
  });
}

function peopleSelect(place) {
  const keep = (id) => record(place, { type: "users_select", selected_user: id || null });
  const now = entered(place, "selected_user", place.element.initial_user);
  keep(now);
  const options = people().map((each) => ({ value: each.id, text: { text: each.name } }));
  return select(place, [{ options }], now, (node, value) => {
    keep(value);
    if (value && place.acts) act(place, node, value);
  });
}

function overflow(place) {
  const { element } = place;
  const choose = (option) => {
    node.open = false;
    act(place, node, option.value);
  };
  const node = h("details", {
    class: "overflow", "data-action": element.action_id,
    onkeydown: (event) => {
      if (event.key !== "Escape" || !node.open) return;
      event.stopPropagation();
      node.open = false;
    },
    onfocusout: (event) => { if (!node.contains(event.relatedTarget)) node.open = false; },
  }, h("summary", { class: "button plain", "aria-label": "More actions", "data-focus": name(place) }, "⋯"),
  h("div", { class: "menu" }, element.options.map((option) => h("button", { type: "button", onclick: () => choose(option) }, ...textObject(option.text)))));
  return node;
}

function choices(place, kind, key, initial) {
  const { element } = place;
  const keep = (options) => record(place, { type: element.type, [key]: kind === "radio" ? options[0] ?? null : options });
  const now = [entered(place, key, initial) ?? []].flat();
  keep(now);
  const group = `${place.surface.id}-${name(place)}`;
  const node = h("div", { class: "choices", role: kind === "radio" ? "radiogroup" : "group", "aria-label": place.label, "data-action": element.action_id },
    optionsOf(element).map((option, index) => h("label", {},
      h("input", {
        type: kind, name: group, value: option.value, checked: now.some((each) => each.value === option.value),
        "data-focus": `${name(place)}/${index}`, onchange: () => {
          const picked = [...node.querySelectorAll("input:checked")].map((box) => box.value);
          const options = optionsOf(element).filter((each) => picked.includes(each.value));
          keep(options);
          if (place.acts) act(place, node, kind === "radio" ? options[0].value : options.map((each) => each.value));
        },
      }), h("span", {}, ...textObject(option.text), option.description ? h("small", {}, ...textObject(option.description)) : null))));
  return node;
}

/** A line, several lines, a date, a number: what a person types; `key` is its name in Slack's state. */
function typed(place, type, key, initial) {
  const { element } = place;
  const keep = (value) => record(place, { type: element.type, [key]: value === "" || value === undefined ? null : value });
  const now = entered(place, key, initial);
  keep(now);
  const tag = element.multiline ? "textarea" : "input";
  const node = h(tag, {
    class: "field", type: element.multiline ? null : type, rows: element.multiline ? 4 : null, value: now ?? "",
    placeholder: label(element.placeholder) || null, minlength: element.min_length, maxlength: element.max_length,
    min: element.min_value, max: element.max_value, step: element.is_decimal_allowed ? "any" : null, "aria-label": place.label,
    "data-focus": name(place), "data-action": element.action_id, oninput: () => keep(node.value),
    onchange: () => { if (place.acts) act(place, node, node.value); },
  });
  return node;
}

const pad = (number) => String(number).padStart(2, "0");
const localTime = (day) => `${day.getFullYear()}-${pad(day.getMonth() + 1)}-${pad(day.getDate())}T${pad(day.getHours())}:${pad(day.getMinutes())}`;

function moment(place) {
  const { element } = place;
  const keep = (seconds) => record(place, { type: element.type, selected_date_time: seconds || null });
  const now = entered(place, "selected_date_time", element.initial_date_time);
  keep(now);
  const node = h("input", {
    class: "field", type: "datetime-local", value: now ? localTime(new Date(now * 1000)) : "", "aria-label": place.label,
    "data-focus": name(place), "data-action": element.action_id, onchange: () => {
      keep(Math.floor(new Date(node.value).getTime() / 1000));
      if (place.acts) act(place, node, String(Math.floor(new Date(node.value).getTime() / 1000)));
    },
  });
  return node;
}

function feedback(place) {
  const { element } = place;
  const thumb = (choice, sign, wording) => {
    const node = h("button", {
      type: "button", class: "button plain thumb", "data-focus": `${name(place)}/${sign}`, "data-action": element.action_id,
      "aria-label": choice.accessibility_label ?? (label(choice.text) || wording), onclick: async () => {
        await act(place, node, choice.value);
        row.querySelectorAll("button").forEach((each) => each.setAttribute("aria-pressed", String(each === node)));
      },
    }, ...textObject({ text: `:${sign}: ` }), label(choice.text));
    return node;
  };
  const row = h("span", { class: "feedback" },
    thumb(element.positive_button, "+1", "Good answer"), thumb(element.negative_button, "-1", "Bad answer"));
  return row;
}

export const ELEMENTS = {
  button,
  icon_button: button,
  static_select: staticSelect,
  users_select: peopleSelect,
  overflow,
  radio_buttons: (place) => choices(place, "radio", "selected_option", place.element.initial_option),
  checkboxes: (place) => choices(place, "checkbox", "selected_options", place.element.initial_options),
  multi_static_select: (place) => choices(place, "checkbox", "selected_options", place.element.initial_options),
  plain_text_input: (place) => typed(place, "text", "value", place.element.initial_value),
  email_text_input: (place) => typed(place, "email", "value", place.element.initial_value),
  url_text_input: (place) => typed(place, "url", "value", place.element.initial_value),
  number_input: (place) => typed(place, "number", "value", place.element.initial_value),
  datepicker: (place) => typed(place, "date", "selected_date", place.element.initial_date),
  timepicker: (place) => typed(place, "time", "selected_time", place.element.initial_time),
  datetimepicker: moment,
  feedback_buttons: feedback,
};

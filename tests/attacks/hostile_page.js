// What a foreign page can try against a local address, in a browser whose user has the workspace open.
// Each attempt leaves a word in `tried`; what got through is judged by the servers' own state.
const tried = [];

function frame(name) {
  const node = document.createElement("iframe");
  node.name = name;
  document.body.append(node);
  return node;
}

function form(action, enctype, fields) {
  const name = `frame-${Math.random()}`;
  frame(name);
  const node = document.createElement("form");
  Object.assign(node, { method: "post", action, enctype, target: name });
  for (const [key, value] of Object.entries(fields)) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: key, value });
    node.append(field);
  }
  document.body.append(node);
  node.submit();
  tried.push(`form ${enctype} ${action}`);
}

async function request(address, options) {
  const end = await fetch(address, { credentials: "include", ...options })
    .then((answer) => answer.type === "opaque" ? "opaque" : answer.text()).catch(() => "refused");
  tried.push(`fetch ${address}: ${end}`);
  return end;
}

/** A body that is JSON although a form sent it as text/plain: the name holds all but the last characters. */
const asForm = (body) => ({ [JSON.stringify({ ...body, x: "" }).slice(0, -2)]: "\"}" });

async function posts(address, body) {
  const json = JSON.stringify(body);
  const kinds = ["text/plain", "text/plain;application/json", "application/x-www-form-urlencoded", undefined];
  for (const kind of kinds) {
    const headers = kind ? { "Content-Type": kind } : {};
    await request(address, { method: "POST", mode: "no-cors", headers, body: kind ? json : new Blob([json]) });
  }
  for (const headers of [{ "Content-Type": "application/json" }, { "X-Workspace-Token": "guess" }, { Authorization: "Bearer guess" }]) {
    await request(address, { method: "POST", headers, body: json });
  }
  await request(address, { method: "PUT", body: json });
  navigator.sendBeacon(address, new Blob([json], { type: "text/plain" }));
  form(address, "text/plain", asForm(body));
  form(address, "application/x-www-form-urlencoded", { payload: json, token: "guess" });
  form(address, "multipart/form-data", { payload: json });
}

const settled = (start) => new Promise((resolve) => {
  start(resolve);
  setTimeout(() => resolve("silence"), 1500);
});

const stream = (address) => settled((end) => {
  const source = new EventSource(address, { withCredentials: true });
  source.onopen = () => end("open");
  source.onerror = () => end("refused");
});

const socket = (address) => settled((end) => {
  const opened = new WebSocket(address);
  opened.onopen = () => end("open");
  opened.onerror = () => end("refused");
});

/** Data taken in as a script, a style or a picture: the ways around the rule that pages cannot read others. */
const included = (tag, address) => settled((end) => {
  const node = document.createElement(tag);
  node.onload = () => end("taken in");
  node.onerror = () => end("refused");
  if (tag === "link") node.rel = "stylesheet";
  node[tag === "link" ? "href" : "src"] = address;
  document.body.append(node);
});

async function readings(address) {
  const ends = { cors: await request(address, {}), blind: await request(address, { mode: "no-cors" }) };
  for (const tag of ["script", "link", "img"]) ends[tag] = await included(tag, address);
  return ends;
}

Object.assign(window, { posts, stream, socket, readings, frame, tried });

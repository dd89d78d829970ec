/** Reads the workspace as one person, and follows what happens there. */
import { get } from "./api.js";
import { changed, closeView, forget, keep, myChannels, note, people, put, showView, state } from "./state.js";

const AGAIN_MS = 1000;
let stream = null;
let reading = null; // the newest reading under way, with the events since it began

/** Read who and what there is, then everything that the remembered person may see. */
export async function load() {
  const answer = await get("/human/state");
  if (answer.error) return answer;
  Object.assign(state, answer);
  const remembered = state.me ?? sessionStorage.getItem("me");
  await become(people().some((each) => each.id === remembered) ? remembered : people()[0]?.id);
  return answer;
}

/** Speak for another person: nothing of the one before stays on the page. */
export async function become(id) {
  Object.assign(state, { me: id, messages: {}, ephemerals: [], views: [], home: null, thread: null, editing: null, tab: "messages" });
  sessionStorage.setItem("me", id);
  stayInside();
  follow(id);
  await refresh();
}

function stayInside() {
  if (!myChannels().some((each) => each.id === state.channel)) state.channel = myChannels()[0]?.id ?? null;
}

function follow(id) {
  stream?.close();
  const opened = new EventSource(`/human/stream?user=${encodeURIComponent(id)}`);
  const current = (deed) => (event) => stream === opened && deed(event);
  stream = opened;
  opened.onmessage = current((event) => receive(JSON.parse(event.data)));
  opened.onopen = current(refresh);
  opened.onerror = current(() => {
    connected(false);
    // a browser gives up for good on some answers: then we ask again ourselves
    if (opened.readyState === EventSource.CLOSED) setTimeout(current(() => follow(id)), AGAIN_MS);
  });
}

function connected(value) {
  state.connected = value;
  changed();
}

/** Read everything again; events that arrive meanwhile are applied after it. Of several at once the newest counts. */
async function refresh() {
  const mine = { events: [] };
  reading = mine;
  const answer = await get(`/human/messages?user=${encodeURIComponent(state.me)}`);
  if (reading !== mine) return;
  reading = null;
  if (answer.error) return connected(false);
  const table = (list) => Object.fromEntries(list.map((each) => [each.ts, each]));
  state.messages = Object.fromEntries(Object.entries(answer.channels).map(([id, list]) => [id, table(list)]));
  const notes = state.ephemerals.filter((each) => each.note);
  Object.assign(state, { ephemerals: notes, views: answer.views, home: answer.home });
  answer.ephemerals.forEach((each) => keep(each.channel, each));
  mine.events.forEach(apply);
  if (state.thread && !state.messages[state.channel]?.[state.thread]) state.thread = null;
  connected(true);
}

function receive(event) {
  if (reading) reading.events.push(event);
  else apply(event);
  changed();
}

const EVENTS = {
  message: (event) => put(event.channel, event.message),
  message_changed: (event) => put(event.channel, event.message),
  message_deleted: (event) => {
    const ts = event.ts ?? event.message?.ts;
    delete state.messages[event.channel]?.[ts];
    forget(ts);
  },
  ephemeral: (event) => keep(event.channel, event.message),
  view: (event) => showView(event.view),
  view_closed: (event) => closeView(event.view_id ?? event.view?.id),
  home: (event) => { state.home = event.view; },
  reset: load,
  error: (event) => note(event.channel, event.error),
};

function apply(event) {
  if (Object.hasOwn(EVENTS, event.type)) EVENTS[event.type](event);
}

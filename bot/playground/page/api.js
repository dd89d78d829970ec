/** Requests to the workspace; every answer is an object with `ok`, whatever went wrong. */

export async function get(path) {
  return ask(path, {});
}

export async function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** A file with its place, as a browser's form sends it. */
export async function upload(path, file, fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
  form.append("file", file, file.name);
  return ask(path, { method: "POST", body: form });
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    return { ok: false, error: "the workspace does not answer: is the demo still running?" };
  }
  const body = await answer.json().catch(() => null);
  if (body === null) return { ok: false, error: `the workspace answered ${answer.status}` };
  return { ok: answer.ok, ...body };
}

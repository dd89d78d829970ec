/** Requests to the workspace; every answer is an object with `ok`, whatever went wrong. */

export async function get(path) {
  return ask(path, {});
}

export async function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
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

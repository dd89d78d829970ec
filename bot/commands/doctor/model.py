"""The model and the embeddings: there, accepted, and able to work. Vigie works without either."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.commands.doctor.check import Result, failed, ok, skipped, warning
from bot.commands.doctor.ground import Ground
from bot.mistakes.mistake import nearest

if TYPE_CHECKING:
    from knowledge.embeddings.choice import Choice
    from knowledge.server import Server

_CALL_S = 8.0
_WITHOUT = "Without it, similar incidents vote for the cause."


async def model(ground: Ground) -> Result:
    """The endpoint answers, takes the key, and knows the model's name."""
    settings = ground.settings
    name = settings.file.model.name
    if not settings.model_key:
        return ok("none: similar incidents vote. OPENAI_API_KEY in vigie.env would ask a model")
    if ground.offline:
        return skipped("not asked: --offline")
    url = f"{settings.model_url.rstrip('/')}/models"
    headers = {"Authorization": f"Bearer {settings.model_key}"}
    try:
        async with (
            asyncio.timeout(_CALL_S),
            ground.session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            status, body = answer.status, await _json(answer)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        why = f"{settings.model_url} does not answer: {type(error).__name__}"
        return failed(why, f"Correct OPENAI_BASE_URL in vigie.env, or start the endpoint. {_WITHOUT}")
    if status in (401, 403):
        return failed(
            f"the key is refused ({status})", f"Put a valid OPENAI_API_KEY into vigie.env. {_WITHOUT}"
        )
    names = _names(body)
    if status != 200 or names is None:
        what = f"{settings.model_url} does not say which models it has (status {status})"
        return warning(what, f"If diagnoses say that the model gave no answer, check that it has {name!r}.")
    if name not in names:
        near = nearest(name, names)
        meant = f"Did you mean {near!r}? " if near else f"It has {', '.join(names[:5])}. "
        return failed(f"there is no model {name!r}", f"{meant}Set model.name in vigie.toml. {_WITHOUT}")
    return ok(f"{name} at {settings.model_url}")


async def _json(answer: aiohttp.ClientResponse) -> Any:  # noqa: ANN401  # whatever the endpoint says
    import json

    raw = await answer.content.read(2_000_000)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _names(body: Any) -> list[str] | None:  # noqa: ANN401
    listed = body.get("data") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        return None
    return [str(entry["id"]) for entry in listed if isinstance(entry, dict) and "id" in entry]


async def embeddings(ground: Ground) -> Result:
    """The local model is there, is the published one by its digests, and turns a text into a vector; or the
    endpoint does so.
    """
    choice = ground.settings.embeddings
    if not ground.settings.file.knowledge.vectors:
        return ok("switched off: search by words alone")
    if not choice.model:
        return await asyncio.to_thread(_load, ground.settings.folder / "knowledge" / "model")
    if ground.offline:
        return skipped("not asked: --offline")
    return await asyncio.to_thread(_ask, choice, ground.settings.folder)


def _ask(choice: Choice, folder: Path) -> Result:
    from knowledge.errors import EmbedderUnavailable

    embedder = choice.embedder(folder)
    try:
        embedder.warm()
    except EmbedderUnavailable as error:
        remedy = "Correct knowledge.embeddings or embeddings_url in vigie.toml, or the key in vigie.env."
        return failed(str(error), f"{remedy} Until then search goes by words alone.")
    return ok(f"{choice.model} at {choice.url}, {embedder.dimension} dimensions")


async def vector_server(ground: Ground) -> Result:
    """The Chroma server answers and finds what it holds; where there is none, the folder has the vectors."""
    server = ground.settings.chroma
    if server is None or not ground.settings.file.knowledge.vectors:
        return ok("none: vectors are kept in the folder")
    if ground.offline:
        return skipped("not asked: --offline")
    return await asyncio.to_thread(_look, server)


def _look(server: Server) -> Result:
    from knowledge.errors import IndexUnavailable
    from knowledge.index import Chroma

    try:
        # A family that nobody has: what is there is left alone.
        chroma = Chroma(server, "vigie-doctor-")
        chroma.close()
    except IndexUnavailable as error:
        return failed(f"{error}.", "Until then search goes by words alone.")
    return ok(f"Chroma at {server.url}")


def _load(cache: Path) -> Result:
    from knowledge.embeddings.local import LocalEmbedder
    from knowledge.errors import EmbedderUnavailable, WeightsRefused

    remedy = "Run `scripts/setup run`. Until then search goes by words alone."
    with tempfile.TemporaryDirectory() as spare:
        # Nothing is written into a folder that `serve` has not made yet.
        embedder = LocalEmbedder(None, cache if cache.is_dir() else Path(spare))
        try:
            vectors = embedder.embed(["orders wait for a lock"])
        except EmbedderUnavailable as error:
            return warning(str(error), remedy)
        except WeightsRefused as error:
            return failed(str(error), remedy)
    return ok(f"{embedder.id}, {vectors.shape[1]} dimensions")

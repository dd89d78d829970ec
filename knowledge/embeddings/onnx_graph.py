"""Builds the ONNX graph of all-MiniLM-L6-v2 from its safetensors file, into a folder that appears whole or
not.

The numbers lie in a separate file that onnxruntime maps instead of copying.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnx import TensorProto

    Array = NDArray[np.float32] | NDArray[np.int64]

GRAPH_FILE = "model.onnx"
NUMBERS_FILE = "model.bin"
DIGEST_FILE = "sha256"
LAYERS, HEADS, WIDTH, EPSILON = 6, 12, 384, 1e-12
# onnxruntime maps external data only from offsets on a page border.
PAGE = 4096


def build(weights: Path, folder: Path) -> None:
    """Writes FOLDER with the graph and its numbers by one rename; a folder already there is left as it is.

    Inputs of the graph: `ids` and `mask`, int64 (batch, tokens). Output: `vector`, float32 (batch, 384), of
    length one.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(weights, draft)
        try:
            draft.rename(folder)
        except OSError:
            # Another process was faster; its result is the same.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def is_whole(folder: Path) -> bool:
    """Whether the folder holds what `build` wrote, to the byte."""
    record = folder / DIGEST_FILE
    return record.is_file() and record.read_text() == _digest(folder)


def _digest(folder: Path) -> str:
    lines = []
    for name in (GRAPH_FILE, NUMBERS_FILE):
        if not (folder / name).is_file():
            return "incomplete"
        with (folder / name).open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    return "".join(lines)


def _write(weights: Path, draft: Path) -> None:
    import onnx
    from safetensors.numpy import load_file

    graph = _Graph()
    _bert(graph, load_file(weights))
    with (draft / NUMBERS_FILE).open("wb") as out:
        initializers = [_external(name, array, out) for name, array in graph.constants.items()]
        out.flush()
        os.fsync(out.fileno())
    helper = onnx.helper
    ids = helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, ["batch", "tokens"])
    mask = helper.make_tensor_value_info("mask", onnx.TensorProto.INT64, ["batch", "tokens"])
    vector = helper.make_tensor_value_info("vector", onnx.TensorProto.FLOAT, ["batch", WIDTH])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "minilm", [ids, mask], [vector], initializers),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=9,
    )
    (draft / GRAPH_FILE).write_bytes(model.SerializeToString())
    (draft / DIGEST_FILE).write_text(_digest(draft))


def _external(name: str, array: Array, out: IO[bytes]) -> TensorProto:
    """The array written to `out`, and the tensor that points at it. Small ones stay in the graph."""
    import onnx

    if array.nbytes < PAGE:
        return onnx.numpy_helper.from_array(array, name)
    out.write(b"\0" * (-out.tell() % PAGE))
    offset = out.tell()
    out.write(array.tobytes())
    tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=array.shape)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", NUMBERS_FILE), ("offset", str(offset)), ("length", str(array.nbytes))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return tensor


class _Graph:
    """Collects nodes and constants; every call returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, array: Array | np.float32, name: str = "") -> str:
        import numpy as np

        name = name or f"c{len(self.constants)}"
        self.constants[name] = np.ascontiguousarray(array)
        return name

    def call(
        self, operator: str, *inputs: str, result: str = "", **attributes: int | float | list[int]
    ) -> str:
        import onnx

        result = result or f"v{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(operator, list(inputs), [result], **attributes))  # type: ignore[arg-type]  # its own options share the keywords
        return result

    def linear(self, x: str, weight: Array, bias: Array) -> str:
        """x times the weight as PyTorch stores it (outputs first), plus bias."""
        return self.call("Add", self.call("MatMul", x, self.constant(weight.T)), self.constant(bias))

    def layer_norm(self, x: str, weight: Array, bias: Array) -> str:
        return self.call(
            "LayerNormalization", x, self.constant(weight), self.constant(bias), axis=-1, epsilon=EPSILON
        )


def _bert(g: _Graph, w: dict[str, NDArray[np.float32]]) -> None:
    import numpy as np

    # All tokens are of type 0, so that row is added to the positions beforehand.
    positions = w["embeddings.position_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0]
    length = g.call("Gather", g.call("Shape", "ids"), g.constant(np.array(1)), axis=0)
    order = g.call("Range", g.constant(np.array(0)), length, g.constant(np.array(1)))
    words = g.call("Gather", g.constant(w["embeddings.word_embeddings.weight"]), "ids")
    x = g.call("Add", words, g.call("Gather", g.constant(positions), order))
    x = g.layer_norm(x, w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"])
    mask = g.call("Cast", "mask", to=1)
    absent = g.call("Mul", g.call("Sub", g.constant(np.float32(1)), mask), g.constant(np.float32(-1e9)))
    absent = g.call("Unsqueeze", absent, g.constant(np.array([1, 2])))
    for number in range(LAYERS):
        x = _layer(g, w, f"encoder.layer.{number}.", x, absent)
    _pool(g, x, mask)


def _layer(g: _Graph, w: dict[str, NDArray[np.float32]], at: str, x: str, absent: str) -> str:
    import numpy as np

    def heads(part: str, order: list[int]) -> str:
        y = g.linear(x, w[f"{at}attention.self.{part}.weight"], w[f"{at}attention.self.{part}.bias"])
        split = g.call("Reshape", y, g.constant(np.array([0, 0, HEADS, WIDTH // HEADS])))
        return g.call("Transpose", split, perm=order)

    likeness = g.call("MatMul", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]))
    scale = g.constant(np.float32((WIDTH // HEADS) ** -0.5))
    share = g.call("Softmax", g.call("Add", g.call("Mul", likeness, scale), absent), axis=-1)
    seen = g.call("Transpose", g.call("MatMul", share, heads("value", [0, 2, 1, 3])), perm=[0, 2, 1, 3])
    seen = g.call("Reshape", seen, g.constant(np.array([0, 0, WIDTH])))
    out = f"{at}attention.output."
    y = g.linear(seen, w[f"{out}dense.weight"], w[f"{out}dense.bias"])
    x = g.layer_norm(g.call("Add", x, y), w[f"{out}LayerNorm.weight"], w[f"{out}LayerNorm.bias"])
    y = g.linear(x, w[f"{at}intermediate.dense.weight"], w[f"{at}intermediate.dense.bias"])
    y = g.linear(g.call("Gelu", y), w[f"{at}output.dense.weight"], w[f"{at}output.dense.bias"])
    return g.layer_norm(
        g.call("Add", x, y), w[f"{at}output.LayerNorm.weight"], w[f"{at}output.LayerNorm.bias"]
    )


def _pool(g: _Graph, x: str, mask: str) -> None:
    """The mean over the tokens that count, scaled to length one."""
    import numpy as np

    axes = g.constant(np.array([1]))
    shown = g.call("Unsqueeze", mask, g.constant(np.array([2])))
    total = g.call("ReduceSum", g.call("Mul", x, shown), axes, keepdims=0)
    count = g.call("ReduceSum", mask, axes, keepdims=1)
    g.call("LpNormalization", g.call("Div", total, count), result="vector", axis=-1, p=2)

"""An fp32 graph made int8: its matrix products and embedding tables, and the scores calibrated anew.

By hand, because neither ONNX Runtime's dynamic quantisation nor the exporter's quantisers give every token a range of
its own: they take one range of activations a run, so that a text's score depends on the texts beside it. benchmarks/
results/quantization.md has what was compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

LARGE = 1000  # rows from which an embedding table is worth a scale a row
MOST = 63  # of a weight: products of u8 and s8 are summed in pairs in 16 bits where there is no VNNI, and must fit
BALANCE = 0.5  # SmoothQuant's alpha (Xiao et al. 2023, arXiv:2211.10438)
TINY = np.float32(1e-6)

Feeds = Iterable[Mapping[str, NDArray[np.int64]]]


def quantize(source: Path, target: Path, feeds: Feeds) -> None:
    """Write the int8 form of an fp32 .onnx file.

    Weights of products have a scale a column, activations one a token, computed as they come: no score depends on
    padding or on other texts, and 7 bits of weight are right on every processor. What columns of activations have more
    than others is moved into the weights (SmoothQuant), as seen in `feeds`, inputs of some texts. Embedding tables get
    a scale a row. The last linear layer is no MatMul and stays fp32.
    """
    model = onnx.load(source)
    graph = model.graph
    tensors = {each.name: each for each in graph.initializer}
    products = [node for node in graph.node if node.op_type == "MatMul" and _is_matrix(tensors.get(node.input[1]))]
    highest = _highest(source, sorted({node.input[0] for node in products}), feeds)
    replaced: dict[str, list[NodeProto]] = {}
    for name, peak in highest.items():
        replaced |= _quantized_products(graph, name, [node for node in products if node.input[0] == name], peak)
    for node in graph.node:
        table = tensors.get(node.input[0]) if node.op_type == "Gather" else None
        if table is not None and _is_matrix(table) and table.dims[0] >= LARGE:
            replaced[node.output[0]] = _quantized_lookup(graph, node, numpy_helper.to_array(table))
    nodes = [new for node in graph.node for new in replaced.get(node.output[0], [node])]
    del graph.node[:]  # shapes of tensors stay as they were: ONNX Runtime fuses by them
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [each for each in graph.initializer if each.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)


def fold(path: Path, scale: NDArray[np.float64], shift: NDArray[np.float64]) -> None:
    """Change an .onnx file so that its logits z become `scale * z + shift`, both [L], by two nodes in the end."""
    model = onnx.load(path)
    graph = model.graph
    for node in graph.node:
        node.output[:] = ["logits_as_trained" if name == "logits" else name for name in node.output]
    by, plus = _constant(graph, "calibration_scale", scale), _constant(graph, "calibration_shift", shift)
    graph.node.append(helper.make_node("Mul", ["logits_as_trained", by], ["logits_scaled"]))
    graph.node.append(helper.make_node("Add", ["logits_scaled", plus], ["logits"]))
    onnx.save(model, path)


def _highest(path: Path, names: list[str], feeds: Feeds) -> dict[str, NDArray[np.float32]]:
    """Return the largest absolute value of each column [K] of some tensors over all feeds."""
    model = onnx.load(path, load_external_data=False)
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    opened = path.with_name("peaks.onnx")  # in the same folder: large weights stand beside the graph
    onnx.save(model, opened)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # keeps tensors by name
    session = onnxruntime.InferenceSession(opened, options, providers=["CPUExecutionProvider"])
    opened.unlink()
    inputs = [each.name for each in session.get_inputs()]
    found: dict[str, NDArray[np.float32]] = {}
    for feed in feeds:
        values = session.run(names, {name: feed[name] for name in inputs})
        for name, value in zip(names, values, strict=True):
            peak = np.abs(value).reshape(-1, value.shape[-1]).max(axis=0)
            found[name] = np.maximum(found.get(name, peak), peak)
    return found


def _quantized_products(
    graph: onnx.GraphProto, name: str, products: list[NodeProto], peak: NDArray[np.float32]
) -> dict[str, list[NodeProto]]:
    """Return the nodes that take the place of all products of one tensor, by the products' outputs."""
    wanted = {node.input[1] for node in products}
    tensors = {each.name: numpy_helper.to_array(each) for each in graph.initializer if each.name in wanted}
    weights = [tensors[node.input[1]] for node in products]
    rows = np.maximum.reduce([np.abs(weight).max(axis=1) for weight in weights])
    balance = np.maximum(peak, TINY) ** BALANCE / np.maximum(rows, TINY) ** (1 - BALANCE)
    balance = (balance / np.exp(np.log(balance).mean())).astype(np.float32)
    step, middle = _constant(graph, "step", np.float32(1 / 127)), _constant(graph, "middle", np.uint8(128))
    axis, tiny = _constant(graph, "last_axis", np.array([-1])), _constant(graph, "tiny", TINY)
    even = _constant(graph, f"{name}_balance", 1 / balance)
    first = [
        helper.make_node("Mul", [name, even], [f"{name}_even"]),
        helper.make_node("Abs", [f"{name}_even"], [f"{name}_size"]),
        helper.make_node("ReduceMax", [f"{name}_size", axis], [f"{name}_peak"], keepdims=1),
        helper.make_node("Max", [f"{name}_peak", tiny], [f"{name}_range"]),  # of each token, never 0
        helper.make_node("Reciprocal", [f"{name}_range"], [f"{name}_inverse"]),
        helper.make_node("Mul", [f"{name}_even", f"{name}_inverse"], [f"{name}_unit"]),
        helper.make_node("QuantizeLinear", [f"{name}_unit", step, middle], [f"{name}_codes"]),
    ]
    found: dict[str, list[NodeProto]] = {}
    for number, (node, weight) in enumerate(zip(products, weights, strict=True)):
        values = weight * balance[:, None]
        scales = np.maximum(np.abs(values).max(axis=0) / MOST, TINY**2).astype(np.float32)
        output = node.output[0]
        codes = _constant(graph, f"{output}_weight", np.rint(values / scales).astype(np.int8))
        columns = _constant(graph, f"{output}_scales", scales)
        zeros = _constant(graph, f"{output}_zeros", np.zeros(scales.shape, np.int8))
        product = [f"{name}_codes", codes, step, columns, middle, zeros]
        found[output] = [
            *(first if number == 0 else []),
            helper.make_node("MatMulIntegerToFloat", product, [f"{output}_unit"], domain="com.microsoft"),
            helper.make_node("Mul", [f"{output}_unit", f"{name}_range"], [output]),
        ]
    return found


def _quantized_lookup(graph: onnx.GraphProto, node: NodeProto, table: NDArray[np.float32]) -> list[NodeProto]:
    """Return the nodes that take the place of a lookup: in an int8 table, times the scale of the row."""
    name, ids, output = node.input[0], node.input[1], node.output[0]
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, TINY**2).astype(np.float32)
    codes = _constant(graph, f"{name}_codes", np.rint(table / scales).astype(np.int8))
    rows = _constant(graph, f"{name}_scales", scales)
    return [
        helper.make_node("Gather", [codes, ids], [f"{output}_codes"]),
        helper.make_node("Gather", [rows, ids], [f"{output}_scales"]),
        helper.make_node("Cast", [f"{output}_codes"], [f"{output}_cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{output}_cast", f"{output}_scales"], [output]),
    ]


def _constant(graph: onnx.GraphProto, name: str, values: NDArray[np.generic] | np.generic) -> str:
    """Put values into the graph once and return their name; float64 becomes float32."""
    if all(each.name != name for each in graph.initializer):
        array = np.asarray(values)
        graph.initializer.append(
            numpy_helper.from_array(array.astype(np.float32) if array.dtype == np.float64 else array, name)
        )
    return name


def _is_matrix(tensor: TensorProto | None) -> bool:
    return tensor is not None and len(tensor.dims) == 2 and tensor.data_type == TensorProto.FLOAT

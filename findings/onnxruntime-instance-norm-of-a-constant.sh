#!/usr/bin/env bash
# onnxruntime-node 1.30.0, CPU: InstanceNormalization of a channel whose voxels are all alike is not its bias but
# rounding noise that grows with value and size, up to nearly one standard deviation.
#
# The ONNX operator is y = scale * (x - mean) / sqrt(variance + epsilon) + bias, so a constant channel gives the bias,
# here 0. The mean is accumulated in float32; its error is divided by sqrt(epsilon), some 0.003. Windows of air at the
# edge of a scan are such channels: what a network makes of them is noise, and differs between builds of the engine.
#
# Seen (constant value, side of the cube -> output of every voxel):
#   0.1, 32 -> -0.0012     1.3, 64 -> -0.134     1.3, 96 -> 0.417     100.7, 64 -> -0.995
# Builds with other vector widths give other noise; this fails if all outputs come within 0.01 of the bias.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet onnx==1.23.2
echo '{"type": "module"}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0
env/bin/python - <<'P'
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper
space = [1, 1, "d", "h", "w"]
graph = helper.make_graph(
    [helper.make_node("InstanceNormalization", ["x", "scale", "bias"], ["y"], epsilon=1e-5)], "norm",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, space)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, space)],
    [numpy_helper.from_array(np.ones(1, "f"), "scale"), numpy_helper.from_array(np.zeros(1, "f"), "bias")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, "norm.onnx")
P
cat > run.mjs <<'J'
process.env.ORT_DISABLE_TELEMETRY = '1';
const { InferenceSession, Tensor } = await import('onnxruntime-node');
const session = await InferenceSession.create('norm.onnx', { logSeverityLevel: 3 });
let largest = 0;
for (const [value, side] of [[0.1, 32], [1.3, 64], [1.3, 96], [100.7, 64]]) {
  const x = new Tensor('float32', new Float32Array(side ** 3).fill(value), [1, 1, side, side, side]);
  const { y } = await session.run({ x });
  console.log(`${value} in ${side}^3: ${y.data[0]} (expected 0)`);
  largest = Math.max(largest, Math.abs(y.data[0]));
}
if (largest < 0.01) throw new Error('a constant channel gives its bias: the behaviour has changed');
J
node run.mjs
echo "as described: instance norm of a constant channel is noise"

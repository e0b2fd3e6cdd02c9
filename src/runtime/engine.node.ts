/** The engine's library, kept quiet. The only file that imports it: lint refuses any other. */
import './telemetry-off.node.js';

// After the line above, which must have run before the library is loaded.
import * as ort from 'onnxruntime-node';

export { ort };

"""Networks: layers in a graph, run on the engine, shown, explained, read from ONNX and written to it."""

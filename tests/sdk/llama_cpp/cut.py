#!/usr/bin/env python3
"""The first LAYERS layers of a GGUF model, as a model of its own, quicker and no longer sensible: cut.py MODEL LAYERS OUT"""
import re
import sys

import gguf


def main():
    model, layers, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    reader = gguf.GGUFReader(model)
    architecture = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(out, architecture)
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        value = layers if name == architecture + ".block_count" else field.contents()
        kind, *inner = field.types
        writer.add_key_value(name, value, kind, inner[-1] if inner else None)
    for tensor in reader.tensors:
        block = re.match(r"blk\.(\d+)\.", tensor.name)
        if block is None or int(block.group(1)) < layers:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()

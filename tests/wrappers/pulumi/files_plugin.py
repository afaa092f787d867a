"""A provider plugin for the tests, ``pulumi-resource-files``: a file as a resource that can be imported.

Dynamic providers cannot be imported, so the wrapper's `import_` needs a plugin; this one is small, and real to the
engine.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


class Files(provider_pb2_grpc.ResourceProviderServicer):
    """A file's path is its id."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="0.1.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse()

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse()

    def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        same = dict(request.olds) == dict(request.news)
        return provider_pb2.DiffResponse(changes=1 if same else 2)

    def Read(self, request: Any, context: Any) -> Any:
        path = Path(request.id)
        if not path.exists():
            return provider_pb2.ReadResponse()
        seen = struct({"path": str(path), "text": path.read_text()})
        return provider_pb2.ReadResponse(id=request.id, inputs=seen, properties=seen)

    def Delete(self, request: Any, context: Any) -> Any:
        Path(request.id).unlink(missing_ok=True)
        return empty_pb2.Empty()


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Files(), server)  # type: ignore[no-untyped-call]
    sys.stdout.write(f"{server.add_insecure_port('127.0.0.1:0')}\n")
    sys.stdout.flush()
    server.start()
    threading.Event().wait()


main()

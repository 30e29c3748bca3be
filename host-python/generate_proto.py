"""Writes src/sightline/_proto from the engine's .proto file: `python generate_proto.py`.

Needs grpcio-tools and mypy-protobuf. The output is committed, so that an install needs no protobuf compiler;
tests/test_proto.py holds it fresh. The compiler's run-time version check is cut out: it would tie every user to the
protobuf release of whoever ran this last, and a file as plain as ours loads in any release since 5.29.
"""

import re
import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "engine" / "protocol" / "proto"
TARGET = HERE / "src" / "sightline" / "_proto"

VERSION_COMMENT = re.compile(r"# Protobuf Python Version: .*\n")
VERSION_CHECK = re.compile(
    r"from google\.protobuf import runtime_version as _runtime_version\n"
    r"|_runtime_version\.ValidateProtobufRuntimeVersion\(\n(?:    .*\n)+\)\n"
)


def generate(target: Path = TARGET) -> None:
    """Writes `sightline_pb2.py` and its stub into `target`."""
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    arguments = [
        "protoc",
        f"-I{SOURCE}",
        f"-I{well_known}",
        f"--python_out={target}",
        f"--mypy_out=quiet:{target}",
        str(SOURCE / "sightline.proto"),
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc failed")
    module = target / "sightline_pb2.py"
    text = VERSION_CHECK.sub("", VERSION_COMMENT.sub("", module.read_text()))
    module.write_text(text)


if __name__ == "__main__":
    sys.exit(generate())

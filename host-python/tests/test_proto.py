"""The generated messages are those of the engine's .proto file."""

from pathlib import Path

from google.protobuf import descriptor_pb2
from grpc_tools import protoc

from sightline._proto import sightline_pb2

PROTO = Path(__file__).parents[2] / "engine" / "protocol" / "proto"


def test_generated_messages_are_fresh(tmp_path: Path) -> None:
    import grpc_tools

    target = tmp_path / "set.bin"
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    arguments = [
        "protoc",
        f"-I{PROTO}",
        f"-I{well_known}",
        f"--descriptor_set_out={target}",
        str(PROTO / "sightline.proto"),
    ]
    assert protoc.main(arguments) == 0
    files = descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())
    compiled = next(file for file in files.file if file.name == "sightline.proto")
    committed = descriptor_pb2.FileDescriptorProto()
    sightline_pb2.DESCRIPTOR.CopyToProto(committed)
    assert _without_json_names(committed) == _without_json_names(compiled), "run `python generate_proto.py`"


def _without_json_names(file: descriptor_pb2.FileDescriptorProto) -> str:
    """The compiler fills `json_name` in for a descriptor set, but not in generated code."""
    lines = str(file).splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("json_name:"))


def test_requests_and_responses_share_their_numbers() -> None:
    requests = sightline_pb2.Request.DESCRIPTOR.fields_by_name
    responses = sightline_pb2.Response.DESCRIPTOR.fields_by_name
    kinds = [name.removesuffix("_req") for name in requests if name.endswith("_req")]
    assert kinds
    for kind in kinds:
        assert requests[f"{kind}_req"].number == responses[f"{kind}_resp"].number

"""The wire protocol's messages, generated from engine/protocol/proto/sightline.proto by generate_proto.py."""

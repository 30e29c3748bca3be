//! The committed messages are those of the `.proto` file.

use std::path::Path;

#[test]
fn messages_are_those_of_the_proto_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let descriptors = protox::compile([root.join("proto/sightline.proto")], [root.join("proto")])
        .expect("valid proto");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    prost_build::Config::new()
        .out_dir(out)
        .btree_map(["."])
        .bytes(["."])
        .compile_fds(descriptors)
        .expect("messages can be generated");
    let fresh = std::fs::read_to_string(out.join("sightline.proto.rs")).expect("generated file");
    let committed = root.join("src/messages.rs");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&committed, &fresh).expect("the source folder is writable");
    }
    let kept = std::fs::read_to_string(&committed).expect("committed file");
    assert!(
        fresh == kept,
        "src/messages.rs is stale: run this test with UPDATE_GENERATED=1"
    );
}

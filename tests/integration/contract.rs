//! The UI speaks the console's language.

use std::path::Path;

#[test]
fn the_uis_types_are_the_consoles() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/host/generated.ts");
    let written = std::fs::read_to_string(&file).expect("the UI's types are there");
    assert!(
        written == console::typescript(),
        "{} differs from the contract in src-tauri/crates/console/src/api.rs: run `cargo xtask types`",
        file.display()
    );
}

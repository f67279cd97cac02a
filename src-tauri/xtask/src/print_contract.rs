//! Prints the UI's contract, generated from the Rust one. `cargo xtask types` writes it where it belongs.

fn main() {
    print!("{}", console::typescript());
}

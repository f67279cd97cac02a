//! The built UI inside the program: the console for the headless shell, the watch page for the engine.

use bytes::Bytes;
use media_engine::PageFile;
use rust_embed::RustEmbed;

/// `ui/dist`, as Vite left it. A debug build reads the folder each time.
#[derive(RustEmbed)]
#[folder = "../../../ui/dist"]
#[allow_missing = true]
struct Dist;

/// A file of the built UI by its path, for example `index.html`.
pub fn page(path: &str) -> Option<PageFile> {
    let file = Dist::get(path)?;
    let media_type = file.metadata.mimetype().to_owned();
    Some(PageFile { media_type, bytes: Bytes::from(file.data.into_owned()) })
}

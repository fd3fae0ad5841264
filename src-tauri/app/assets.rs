//! The console's files, inside the program.

use gatepost_control::Asset;
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "ui/dist"]
struct Console;

/// A file of the console by its path, such as `assets/index.js`.
pub fn find(path: &str) -> Option<Asset> {
    let file = Console::get(path)?;
    Some((file.data, media_type(path)))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

//! Makes sure that there is a console to embed, and prepares the window.

use std::path::Path;

/// Stands in where the console was not built, so that a plain `cargo build` works and says what is missing.
const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>Gatepost</title>\
<p>This program was built without its console. Run <code>cargo xtask run</code>, which builds both.</p>";

fn main() {
    println!("cargo:rerun-if-changed=ui/dist");
    let page = Path::new("ui/dist/index.html");
    if !page.exists() {
        let made = std::fs::create_dir_all("ui/dist").and_then(|()| std::fs::write(page, NOT_BUILT));
        if let Err(error) = made {
            println!("cargo:warning=ui/dist cannot be made: {error}");
        }
    }
    #[cfg(feature = "window")]
    tauri_build::build();
}

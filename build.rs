//! Makes the folder that the screens are embedded from, so that the server builds before they do. Never calls npm.

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=kiosk-ui/dist");
    std::fs::create_dir_all("kiosk-ui/dist")
}

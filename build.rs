//! Makes the folder that the screens are embedded from, so that the server builds before they do; never calls npm. Packs the program's
//! relocations where the system's loader can read that.

use std::process::Command;

/// The first glibc whose loader knows packed relocations.
const PACKED_SINCE: (u32, u32) = (2, 36);

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=kiosk-ui/dist");
    println!("cargo::rerun-if-changed=build.rs");
    if glibc().is_some_and(|version| version >= PACKED_SINCE) {
        // An idle server keeps a megabyte and a half less in memory.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    std::fs::create_dir_all("kiosk-ui/dist")
}

/// The version of the system's glibc; `None` where it has none.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

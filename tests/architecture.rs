//! Holds the house to its own map: imports as ARCHITECTURE.md says, a door sign on every file, no file too long to read.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines after which a file wants a wall.
const FILE_LINES_MAX: usize = 700;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Module → the modules it may use, from the table.
fn map() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let table: BTreeMap<String, Vec<String>> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let may = cells[1].split(',').map(|m| m.trim().to_owned()).filter(|m| m != "—").collect();
            (cells[0].trim_matches('`').to_owned(), may)
        })
        .collect();
    assert!(table.len() >= 9, "the code map of ARCHITECTURE.md was not found");
    table
}

/// The module of a file below src, `None` for lib.rs and main.rs.
fn module_of(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(root().join("src")).unwrap();
    let first = inside.iter().next()?.to_str()?.trim_end_matches(".rs").to_owned();
    (first != "lib" && first != "main").then_some(first)
}

/// The names after `crate::` in a file.
fn used(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1)).map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
}

#[test]
fn modules_use_only_what_the_map_allows() {
    let map = map();
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let Some(module) = module_of(&file) else { continue };
        let may = map.get(&module).unwrap_or_else(|| panic!("{module} stands in no row of the code map"));
        let text = fs::read_to_string(&file).unwrap();
        let foreign = used(&text).filter(|name| map.contains_key(*name) && *name != module && !may.iter().any(|m| m == name));
        wrong.extend(foreign.map(|name| format!("{} uses {name}", file.display())));
    }
    assert!(wrong.is_empty(), "imports that ARCHITECTURE.md does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn the_map_names_only_what_exists() {
    for module in map().keys() {
        let here = root().join("src").join(module);
        assert!(here.is_dir() || here.with_extension("rs").is_file(), "the map names {module}, which is not there");
    }
}

#[test]
fn every_file_says_what_it_owns_and_is_short_enough_to_read() {
    for dir in ["src", "tests"] {
        for file in rust_files(&root().join(dir)) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("//!"), "{} does not open with a sentence that says what it owns", file.display());
            let lines = text.lines().count();
            assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines; {FILE_LINES_MAX} is the most", file.display());
        }
    }
}

#[test]
fn redis_keys_are_spelled_in_one_file() {
    for file in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let spelled = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("\"wh:{"));
        let is_test = file.components().any(|c| c.as_os_str() == "tests") || file.ends_with("tests.rs");
        assert!(!spelled || file.ends_with("store/keys.rs") || is_test, "{} spells a Redis key", file.display());
    }
}

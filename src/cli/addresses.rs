//! `warmhall addresses`: imports the address book, looks something up in it, counts it.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::args::{AddressesArgs, AddressesStep, Place};
use super::fault::Fault;
use crate::addresses::{AddressBook, AddressError, ImportError, Suggestion};
use crate::domain::ids::TeamId;
use crate::settings;

/// Suggestions that are printed.
const SHOWN_MAX: usize = 20;

pub(super) fn addresses(args: AddressesArgs) -> Result<(), Fault> {
    match args.step {
        AddressesStep::Import { file, place } => import(&file, &place),
        AddressesStep::Show { query, place } => show(&query.join(" "), &place),
        AddressesStep::Count { place } => {
            let count = AddressBook::open(&place.settings()?.data_dir).count().map_err(|error| unreadable(&error))?;
            println!("{} 个小区，{} 间房 / {0} communities, {1} rooms", count.communities, count.rooms);
            Ok(())
        }
    }
}

fn import(file: &Path, place: &Place) -> Result<(), Fault> {
    let settings = place.settings()?;
    let profile = settings::hall_profile(&settings)?;
    let teams: Vec<TeamId> = profile.orders.teams.iter().map(|team| team.id.clone()).collect();
    let csv = File::open(file).map_err(|error| Fault::of(&format!("无法读取 {}", file.display()), "it cannot be read", &error))?;
    let dir = &settings.data_dir;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| Fault::of("数据目录无法使用", "the data folder cannot be used", &error))?;
    // A hall without teams of its own says nothing about those of the book.
    let known = Some(teams.as_slice()).filter(|teams| !teams.is_empty());
    let imported = AddressBook::open(dir).import(csv, known).map_err(|error| match error {
        ImportError::Header(_) | ImportError::Rows { .. } => Fault::usage(error.to_string()),
        ImportError::Io(_) | ImportError::Book(_) => Fault::failed(error.to_string()),
    })?;
    let (communities, rooms) = (imported.communities, imported.rooms);
    println!("已导入 {communities} 个小区，{rooms} 间房 / imported {communities} communities, {rooms} rooms");
    Ok(())
}

fn show(query: &str, place: &Place) -> Result<(), Fault> {
    let book = AddressBook::open(&place.settings()?.data_dir);
    let found = book.search(query, SHOWN_MAX).map_err(|error| unreadable(&error))?;
    if found.is_empty() {
        return Err(Fault::failed("没有找到 / nothing found"));
    }
    for suggestion in &found {
        println!("{}", line(suggestion));
    }
    Ok(())
}

fn line(suggestion: &Suggestion) -> String {
    let mut parts = vec![suggestion.text.clone()];
    match &suggestion.place {
        Some(place) => parts.extend([&place.customer_no, &place.heat_status].into_iter().flatten().cloned()),
        None => parts.push(format!("{} 间 / rooms", suggestion.rooms)),
    }
    parts.extend([&suggestion.station, &suggestion.area].into_iter().flatten().cloned());
    parts.extend(suggestion.team.as_ref().map(ToString::to_string));
    parts.join("\t")
}

fn unreadable(error: &AddressError) -> Fault {
    match error {
        AddressError::BadQuery(_) => Fault::of("无法这样查找", "this cannot be looked for", error),
        AddressError::Database(_) | AddressError::OtherVersion | AddressError::Closed => {
            Fault::of("地址簿无法读取，请重新导入", "the address book cannot be read; import it again", error)
        }
    }
}

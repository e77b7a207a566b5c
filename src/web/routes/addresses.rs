//! `/addresses`: what an operator types is turned into a flat, with its station and team.

use serde::Deserialize;
use utoipa::IntoParams;

use super::Door;
use crate::addresses::{AddressError, Known, Place, SUGGESTIONS_MAX, Said};
use crate::domain::text::FreeText;
use crate::web::app::AppState;
use crate::web::ask::{Given, Look};
use crate::web::problem::{Code, Problem};
use crate::web::rights::SeeAddresses;
use crate::web::wire::address::AddressItem;
use crate::web::wire::call_body::{AddressBody, Words};
use crate::web::wire::hall::Items;

/// Suggestions where nobody says how many.
const SUGGESTIONS_USUAL: usize = 8;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::look("/addresses", "What a text may mean in the address book, best first.", search).refuses(&[Code::InvalidField])]
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
struct Asked {
    /// Chinese, pinyin or its initials, and numbers: `yghy 3-2-501`; or a customer's number.
    q: String,
    /// At most so many, 1 to 50; 8 without it.
    limit: Option<usize>,
}

async fn search(look: Look<SeeAddresses, (), Asked>) -> Result<Given<Items<AddressItem>>, Problem> {
    let limit = look.query.limit.unwrap_or(SUGGESTIONS_USUAL);
    if !(1..=SUGGESTIONS_MAX).contains(&limit) {
        return Err(Problem::invalid("limit", "is 1 to 50"));
    }
    let text = look.query.q.clone();
    let found = look.state.addresses.look(move |book| book.search(&text, limit)).await;
    let found = found.map_err(|error| match error {
        AddressError::BadQuery(problem) => Problem::invalid("q", problem),
        AddressError::Database(_) | AddressError::OtherVersion | AddressError::Closed => {
            tracing::error!(%error, "the address book could not answer");
            Problem::from(Code::Internal)
        }
    })?;
    Given::ok(&Items::all(found.into_iter().map(AddressItem::from).collect()))
}

/// Fills in what the book knows of an address and its sender did not say, and brings what was said to the book's spelling: two
/// spellings of a flat would be two flats, and get two orders. A book that cannot be read holds up no call.
pub(super) async fn fill(state: &AppState, address: &mut AddressBody) {
    let (id, said) = (address.place_id.0.clone(), said(address));
    if id.is_none() && said.is_none() {
        return;
    }
    let looked = state.addresses.look(move |book| {
        let chosen = id.map(|id| book.get(id.as_str())).transpose()?.flatten().map(of_place);
        // An entry of the book that is no longer what stands beside it was chosen before that was typed.
        let chosen = chosen.filter(|(whole, _)| said.as_ref().is_none_or(|said| said.is_within(whole)));
        match (chosen, said) {
            (Some((_, known)), _) => Ok(Some(known)),
            (None, Some(said)) => book.known(&said),
            (None, None) => Ok(None),
        }
    });
    match looked.await {
        Ok(Some(known)) => put(address, known),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "the address book could not answer"),
    }
}

/// The parts that were said.
fn said(address: &AddressBody) -> Option<Said> {
    let part = |words: &Words| words.0.as_ref().map(|text| text.as_str().to_owned());
    let (building, unit, room) = (part(&address.building), part(&address.unit), part(&address.room));
    Some(Said { community: part(&address.community)?, building, unit, room })
}

/// A room of the book, as it would be said and as what is known of it.
fn of_place(place: Place) -> (Said, Known) {
    let named = |name: String| Some(name).filter(|name| !name.is_empty());
    let Place { community, building, unit, room, station, area, team, riser, share_ppm, .. } = place;
    let (building, unit, room) = (named(building), named(unit), named(room));
    let said = Said { community: community.clone(), building: building.clone(), unit: unit.clone(), room: room.clone() };
    (said, Known { community, building, unit, room, station, area, team, riser, share_ppm })
}

fn put(address: &mut AddressBody, known: Known) {
    let text = |known: Option<String>| known.and_then(|known| FreeText::parse(&known).ok());
    let spell = |said: &mut Words, known: Option<String>| said.0 = text(known).or(said.0.take());
    spell(&mut address.community, Some(known.community));
    spell(&mut address.building, known.building);
    spell(&mut address.unit, known.unit);
    spell(&mut address.room, known.room);
    address.area.0 = address.area.0.take().or(text(known.area));
    address.riser.0 = address.riser.0.take().or(text(known.riser));
    address.station = address.station.take().or(text(known.station));
    address.team = address.team.take().or(known.team);
    address.share_ppm = address.share_ppm.or(Some(known.share_ppm).filter(|share| *share > 0));
}

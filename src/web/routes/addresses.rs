//! `/addresses`: what an operator types is turned into a flat, with its station and team.

use serde::Deserialize;
use utoipa::IntoParams;

use super::Door;
use crate::addresses::{AddressError, Place, SUGGESTIONS_MAX};
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

/// Fills in what the book knows of an address and its sender did not say. A book that cannot be read holds up no call.
pub(super) async fn fill(state: &AppState, address: &mut AddressBody) {
    let (id, text) = (address.place_id.0.clone(), flat_text(address));
    if id.is_none() && text.is_none() {
        return;
    }
    let looked = state.addresses.look(move |book| match (id, text) {
        (Some(id), _) => book.get(id.as_str()),
        (None, Some(text)) => Ok(book.search(&text, 1)?.into_iter().next().and_then(|found| found.place)),
        (None, None) => Ok(None),
    });
    match looked.await {
        Ok(Some(place)) if is_same(address, &place) => put(address, place),
        Ok(_) => {
            let share = address.community.0.as_ref().map(|community| state.addresses.community_share_ppm(community.as_str()));
            address.share_ppm = address.share_ppm.or(share.filter(|share| *share > 0));
        }
        Err(error) => tracing::warn!(%error, "the address book could not answer"),
    }
}

/// The flat in words, where it is said to the room.
fn flat_text(address: &AddressBody) -> Option<String> {
    let (community, room) = (address.community.0.as_ref()?, address.room.0.as_ref()?);
    let parts = [Some(community), address.building.0.as_ref(), address.unit.0.as_ref(), Some(room)];
    Some(parts.into_iter().flatten().map(FreeText::as_str).collect::<Vec<_>>().join(" "))
}

fn is_same(address: &AddressBody, place: &Place) -> bool {
    let same = |said: &Words, known: &str| said.0.as_ref().is_none_or(|said| said.as_str() == known);
    same(&address.community, &place.community) && same(&address.room, &place.room)
}

fn put(address: &mut AddressBody, place: Place) {
    let fill = |said: &mut Words, known: Option<String>| {
        if said.0.is_none() {
            said.0 = known.and_then(|known| FreeText::parse(&known).ok());
        }
    };
    fill(&mut address.community, Some(place.community));
    fill(&mut address.building, Some(place.building));
    fill(&mut address.unit, Some(place.unit));
    fill(&mut address.room, Some(place.room));
    fill(&mut address.area, place.area);
    fill(&mut address.riser, place.riser);
    if address.station.is_none() {
        address.station = place.station.and_then(|station| FreeText::parse(&station).ok());
    }
    address.team = address.team.take().or(place.team);
    address.share_ppm = address.share_ppm.or(Some(place.share_ppm));
}

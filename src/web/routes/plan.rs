//! `/plan`: what the hall wrote down for its hotline and orders, for the screens of staff.

use super::Door;
use crate::web::ask::{Given, Look};
use crate::web::problem::Problem;
use crate::web::rights::SeePlan;
use crate::web::wire::plan::Plan;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::look("/plan", "Teams, categories, causes, return reasons and rules.", plan)]
}

async fn plan(look: Look<SeePlan>) -> Result<Given<Plan>, Problem> {
    Given::ok(&look.state.keeper.read(|hall| Plan::from(&hall.profile.orders)))
}

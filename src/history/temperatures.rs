//! Archived orders in which a room's temperature was measured within a span: measurements are evidence long after their order.

use chrono::NaiveDate;
use rusqlite::{Connection, params};

use super::hotline_report::span_ms;
use super::report::check_days;
use super::{History, HistoryError};
use crate::domain::calendar::Calendar;
use crate::domain::work_order::WorkOrder;

/// Orders that one report on measurements is made from at most.
pub const MEASURED_ORDERS_MAX: u32 = 20_000;

/// Whoever measured did so before the order was over; an order that began after the span was measured after it.
const MEASURED: &str = "
    SELECT json FROM work_orders
    WHERE closed_at_ms >= ?1 AND created_at_ms < ?2 AND json_array_length(json, '$.temperatures') > 0 ORDER BY key LIMIT ?3";

impl History {
    /// Archived orders in which something may have been measured from `from` to `to`, both service days of `calendar` included.
    ///
    /// # Errors
    /// When there are more than [`super::REPORT_DAYS_MAX`] days, or none, or more than [`MEASURED_ORDERS_MAX`] orders.
    pub async fn measured(&self, from: NaiveDate, to: NaiveDate, calendar: Calendar) -> Result<Vec<WorkOrder>, HistoryError> {
        check_days(from, to)?;
        self.inner.base.read(move |conn| measured(conn, span_ms(from, to, &calendar))).await
    }
}

fn measured(conn: &Connection, (from_ms, before_ms): (i64, i64)) -> Result<Vec<WorkOrder>, HistoryError> {
    let mut find = conn.prepare_cached(MEASURED)?;
    let mut rows = find.query(params![from_ms, before_ms, MEASURED_ORDERS_MAX + 1])?;
    let mut orders = Vec::new();
    while let Some(row) = rows.next()? {
        if u32::try_from(orders.len()).is_ok_and(|found| found >= MEASURED_ORDERS_MAX) {
            return Err(HistoryError::BadQuery("more than 20000 orders were measured in this span; ask for a shorter one"));
        }
        let json: String = row.get(0)?;
        orders.push(serde_json::from_str(&json).map_err(|error| HistoryError::Damaged(error.to_string()))?);
    }
    Ok(orders)
}

//! Time zones by IANA name, from the bundled database. Without a zone everything is UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::value::Scalar;

use super::{Argument, Reject};

/// A time zone, or UTC where none was given.
#[derive(Debug, Clone, Default)]
pub(super) struct Zone(Option<TimeZone>);

impl Zone {
    /// The zone that an optional constant argument names.
    pub fn of(argument: Option<&Argument<'_>>) -> Result<Self, Reject> {
        let Some(argument) = argument else {
            return Ok(Self(None));
        };
        match argument.constant {
            Some(Scalar::Text(name)) if &**name == "UTC" => Ok(Self(None)),
            Some(Scalar::Text(name)) => match TimeZone::get(name) {
                Ok(zone) => Ok(Self(Some(zone))),
                Err(_) => Err(Reject::Because(format!(
                    "Type Error - unknown time zone '{name}'"
                ))),
            },
            _ => Err(Reject::Because(
                "Type Error - a time zone must be a constant text".into(),
            )),
        }
    }

    /// The clock of the zone at an instant, as milliseconds. Instants beyond year 9999 keep UTC.
    pub fn local(&self, ms: i64) -> i64 {
        let Some(zone) = &self.0 else { return ms };
        let Ok(instant) = Timestamp::from_millisecond(ms) else {
            return ms;
        };
        ms + i64::from(zone.to_offset(instant).seconds()) * 1_000
    }

    /// The instant at which the clock of the zone shows `local`: the earlier one where it does so twice, and as if the
    /// clock had not been set forward where it does so never.
    pub fn instant(&self, local: i64) -> i64 {
        let Some(zone) = &self.0 else { return local };
        let datetime =
            Timestamp::from_millisecond(local).map(|clock| TimeZone::UTC.to_datetime(clock));
        match datetime.map(|datetime| zone.to_ambiguous_timestamp(datetime).compatible()) {
            Ok(Ok(instant)) => instant.as_millisecond(),
            _ => local,
        }
    }

    /// The zone for the formatting library.
    pub fn time_zone(&self) -> TimeZone {
        self.0.clone().unwrap_or(TimeZone::UTC)
    }
}

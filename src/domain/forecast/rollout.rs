//! Plays the hall forward many times by the rule that calls numbers, and notes when each asked place would be called.

use super::pace::{DayPace, Pauses, Random, Table, exponential, tables};
use super::{Asked, Availability, Input, TICKETS_MAX};
use crate::domain::line::{Place, choose};

/// Rollouts of one forecast when few wait, and at least when many do.
const RUNS_MAX: usize = 64;
const RUNS_MIN: usize = 16;
/// Calls played in one forecast, in all rollouts together: bounds its cost.
const CALLS_MAX: usize = 32_000;
/// How far ahead people are played who come later and stand before an asked place, milliseconds.
const OVERTAKING_MS_MAX: i64 = 2 * 3_600_000;
/// A counter that takes nobody any more, or a stream of people that has run dry, in a rollout.
const RETIRED: i64 = i64::MAX;

/// Waits in milliseconds of each asked place, one list each, sorted; empty when nobody would call it.
pub(super) fn waits(input: &Input, asked: &[Asked], seed: u64, mut between: impl FnMut()) -> Vec<Vec<i64>> {
    let stage = Stage::of(input);
    let runs = (CALLS_MAX / stage.places.len().max(1)).clamp(RUNS_MIN, RUNS_MAX);
    let mut waits = vec![Vec::with_capacity(runs); asked.len()];
    let open: Vec<usize> = (0..asked.len()).filter(|index| asked.get(*index).is_some_and(|one| stage.serves(one.service))).collect();
    if open.is_empty() {
        return waits;
    }
    let mut random = Random::seeded(seed);
    let queues = Queues::of(&stage, asked, &open);
    let mut run = Run::new(&stage, asked, &open);
    for _ in 0..runs {
        between();
        run.play(&stage, &queues, &mut random, |index, wait_ms| {
            if let Some(list) = waits.get_mut(index) {
                list.push(wait_ms);
            }
        });
    }
    for list in &mut waits {
        list.sort_unstable();
    }
    waits
}

/// What all rollouts of a forecast share; flat, so that a rollout walks through arrays and allocates nothing.
struct Stage {
    now_ms: i64,
    tables: Vec<Table>,
    pauses: Pauses,
    /// The places of all lines, one line after the other.
    places: Vec<Place>,
    /// Where each service's line begins and ends in `places`.
    lines: Vec<Span>,
    /// How many people each place stands for: 1 unless the hall is too full to play everybody.
    people: u32,
    counters: Vec<CounterSpan>,
    /// The offers of all counters, one counter after the other: service and offset in milliseconds.
    offers: Vec<(usize, i64)>,
    /// Who comes later and may stand before an asked place, by service.
    streams: Vec<Stream>,
    /// Where each service's streams begin and end in `streams`.
    streams_of: Vec<Span>,
}

/// People of one service and class who come later.
struct Stream {
    service: usize,
    credit_ms: i64,
    /// Mean time from one to the next.
    gap_ms: i64,
    /// Who comes after this stands behind everybody asked about.
    until_ms: i64,
}

#[derive(Clone, Copy)]
struct Span {
    begin: usize,
    end: usize,
}

struct CounterSpan {
    offers: Span,
    free: Free,
}

/// When a counter takes its next.
enum Free {
    At(i64),
    /// When the service in hand ends, which has taken this long so far.
    AfterService {
        service: usize,
        elapsed_ms: i64,
    },
    /// When the pause ends.
    AfterPause,
}

impl Stream {
    /// When the next comes after one who came at `came_ms`.
    fn after(&self, came_ms: i64, random: &mut Random) -> i64 {
        let next_ms = came_ms.saturating_add(exponential(self.gap_ms, random));
        if next_ms < self.until_ms { next_ms } else { RETIRED }
    }
}

impl Stage {
    fn of(input: &Input) -> Self {
        let now_ms = input.now_ms;
        let (places, lines, people) = spans(input);
        let mut offers = Vec::new();
        let mut counters = Vec::new();
        for counter in &input.counters {
            let free = match counter.availability {
                Availability::Idle => Free::At(now_ms),
                Availability::Busy { service, since_ms } => {
                    Free::AfterService { service, elapsed_ms: now_ms.saturating_sub(since_ms).max(0) }
                }
                Availability::Paused => Free::AfterPause,
                Availability::Away { back_ms: Some(back_ms) } => Free::At(back_ms.max(now_ms)),
                Availability::Away { back_ms: None } => continue,
            };
            let begin = offers.len();
            let known = counter.offers.iter().filter(|offer| offer.service < input.services.len());
            offers.extend(known.map(|offer| (offer.service, offer.offset_ms)));
            counters.push(CounterSpan { offers: Span { begin, end: offers.len() }, free });
        }
        let streams = streams(input, &offers, people);
        let service_streams = |service: usize| Span {
            begin: streams.partition_point(|one| one.service < service),
            end: streams.partition_point(|one| one.service <= service),
        };
        let streams_of = (0..input.services.len()).map(service_streams).collect();
        let (tables, pauses) = (tables(&input.services), Pauses::of(input.pauses));
        Self { now_ms, tables, pauses, places, lines, people, counters, offers, streams, streams_of }
    }

    fn serves(&self, service: usize) -> bool {
        self.offers.iter().any(|(offered, _)| *offered == service)
    }

    fn offers_of(&self, counter: usize) -> &[(usize, i64)] {
        self.counters.get(counter).and_then(|span| self.offers.get(span.offers.begin..span.offers.end)).unwrap_or_default()
    }
}

/// Who may come later and still stand before somebody who is here: by the credit of a class, or because a counter sees
/// one service as earlier than another.
fn streams(input: &Input, offers: &[(usize, i64)], people: u32) -> Vec<Stream> {
    let offsets = || offers.iter().map(|(_, offset_ms)| *offset_ms);
    let spread_ms = offsets().max().unwrap_or(0).saturating_sub(offsets().min().unwrap_or(0));
    let known = input.arrivals.iter().filter(|one| one.service < input.services.len() && one.gap_ms > 0);
    let mut streams: Vec<Stream> = known
        .map(|one| Stream {
            service: one.service,
            credit_ms: one.credit_ms,
            gap_ms: i64::from(one.gap_ms).saturating_mul(i64::from(people)),
            until_ms: input.now_ms.saturating_add(one.credit_ms.saturating_add(spread_ms).min(OVERTAKING_MS_MAX)),
        })
        .filter(|stream| stream.until_ms > input.now_ms)
        .collect();
    streams.sort_by_key(|stream| stream.service);
    streams
}

/// Lays the lines out flat. When too many wait to play everybody, only every second, third, … is played and stands for the others.
fn spans(input: &Input) -> (Vec<Place>, Vec<Span>, u32) {
    let lines = || input.lines.iter().take(input.services.len());
    let waiting: usize = lines().map(|line| line.places.len().saturating_add(line.unlisted)).fold(0, usize::saturating_add);
    let people = waiting.div_ceil(TICKETS_MAX).max(1);
    let mut places = Vec::with_capacity(waiting.min(TICKETS_MAX + input.services.len()));
    let mut spans = Vec::with_capacity(input.services.len());
    for line in lines() {
        let begin = places.len();
        if let Some(last) = line.places.last() {
            let length = line.places.len().saturating_add(line.unlisted);
            places.extend((0..length).step_by(people).map(|at| line.places.get(at).unwrap_or(last)));
        }
        spans.push(Span { begin, end: places.len() });
    }
    spans.resize(input.services.len(), Span { begin: places.len(), end: places.len() });
    (places, spans, u32::try_from(people).unwrap_or(u32::MAX))
}

/// The asked places of each service in the order in which they are called: whoever is called, everybody before is called too.
struct Queues {
    /// With their index among the asked; one service after the other.
    places: Vec<(Place, usize)>,
    /// Where each service's begin and end in `places`.
    services: Vec<Span>,
}

impl Queues {
    fn of(stage: &Stage, asked: &[Asked], open: &[usize]) -> Self {
        let mut places = Vec::with_capacity(open.len());
        let mut services = Vec::with_capacity(stage.lines.len());
        for service in 0..stage.lines.len() {
            let begin = places.len();
            let own = open.iter().filter_map(|index| Some((asked.get(*index)?, *index)));
            places.extend(own.filter(|(one, _)| one.service == service).map(|(one, index)| (one.place, index)));
            if let Some(own) = places.get_mut(begin..) {
                own.sort_unstable();
            }
            services.push(Span { begin, end: places.len() });
        }
        Self { places, services }
    }
}

/// The state of one rollout, used again for the next.
struct Run {
    /// The next place of each line, an index into `Stage::places`.
    heads: Vec<usize>,
    free_ms: Vec<i64>,
    /// When each counter will pause.
    pause_ms: Vec<i64>,
    /// When the first of each stream comes who is not called yet.
    stream_ms: Vec<i64>,
    /// No counter sees anybody of the streams as earlier than this.
    streams_from_ms: i64,
    least_offset_ms: i64,
    /// The first of each service's asked places that is not called yet, an index into `Queues::places`.
    fronts: Vec<usize>,
    /// How many of the asked places are not called yet.
    pending: usize,
    /// No counter sees any of the asked places as earlier than this.
    asked_from_ms: i64,
}

impl Run {
    fn new(stage: &Stage, asked: &[Asked], open: &[usize]) -> Self {
        let earliest_ms = open.iter().filter_map(|index| asked.get(*index)).map(|one| one.place.score_ms).min();
        let least_offset_ms = stage.offers.iter().map(|(_, offset_ms)| *offset_ms).min().unwrap_or(0);
        Self {
            asked_from_ms: earliest_ms.unwrap_or(i64::MIN).saturating_add(least_offset_ms),
            streams_from_ms: i64::MAX,
            least_offset_ms,
            heads: Vec::with_capacity(stage.lines.len()),
            free_ms: Vec::with_capacity(stage.counters.len()),
            pause_ms: Vec::with_capacity(stage.counters.len()),
            stream_ms: Vec::with_capacity(stage.streams.len()),
            fronts: Vec::with_capacity(stage.lines.len()),
            pending: 0,
        }
    }

    fn reset(&mut self, stage: &Stage, queues: &Queues, pace: DayPace, random: &mut Random) {
        self.heads.clear();
        self.heads.extend(stage.lines.iter().map(|line| line.begin));
        self.fronts.clear();
        self.fronts.extend(queues.services.iter().map(|service| service.begin));
        self.pending = queues.places.len();
        self.free_ms.clear();
        self.free_ms.extend(stage.counters.iter().map(|counter| match counter.free {
            Free::At(at_ms) => at_ms,
            Free::AfterService { service, elapsed_ms } => {
                let remaining = stage.tables.get(service).map_or(0, |table| table.draw_remaining(elapsed_ms, random));
                stage.now_ms.saturating_add(pace.stretch(remaining))
            }
            Free::AfterPause => stage.now_ms.saturating_add(stage.pauses.draw_length(random)),
        }));
        self.pause_ms.clear();
        self.pause_ms.extend(stage.counters.iter().map(|_| stage.now_ms.saturating_add(stage.pauses.draw_gap(random))));
        self.stream_ms.clear();
        self.stream_ms.extend(stage.streams.iter().map(|stream| stream.after(stage.now_ms, random)));
        self.look_at_streams(stage);
    }

    fn look_at_streams(&mut self, stage: &Stage) {
        let scores = stage.streams.iter().zip(&self.stream_ms).map(|(stream, came_ms)| came_ms.saturating_sub(stream.credit_ms));
        self.streams_from_ms = scores.min().map_or(i64::MAX, |score_ms| score_ms.saturating_add(self.least_offset_ms));
    }

    /// Plays until every asked place is called, and tells when each was.
    fn play(&mut self, stage: &Stage, queues: &Queues, random: &mut Random, mut called: impl FnMut(usize, i64)) {
        let pace = DayPace::draw(random);
        self.reset(stage, queues, pace, random);
        while self.pending > 0 {
            let Some((counter, free_ms)) = self.next_free() else { return };
            if self.pauses(stage, counter, free_ms, random) {
                continue;
            }
            let offers = stage.offers_of(counter);
            let chosen = self.choose(stage, offers, free_ms);
            let wait_ms = free_ms - stage.now_ms;
            self.settle(queues, offers, chosen, |index| called(index, wait_ms));
            let busy_until = chosen.map_or(RETIRED, |head| {
                let busy_ms = stage.tables.get(head.service).map_or(0, |table| table.draw(stage.people, random));
                free_ms.saturating_add(pace.stretch(busy_ms))
            });
            self.step_up(stage, chosen, random);
            if let Some(free) = self.free_ms.get_mut(counter) {
                *free = busy_until;
            }
        }
    }

    /// Whether a counter that became free goes for a pause first.
    #[inline]
    fn pauses(&mut self, stage: &Stage, counter: usize, free_ms: i64, random: &mut Random) -> bool {
        let (Some(pause_ms), Some(free)) = (self.pause_ms.get_mut(counter), self.free_ms.get_mut(counter)) else { return false };
        if free_ms < *pause_ms {
            return false;
        }
        *free = free_ms.saturating_add(stage.pauses.draw_length(random));
        *pause_ms = free.saturating_add(stage.pauses.draw_gap(random));
        true
    }

    /// The counter that is free first.
    fn next_free(&self) -> Option<(usize, i64)> {
        let mut first = None;
        let mut least_ms = RETIRED;
        for (counter, free_ms) in self.free_ms.iter().enumerate() {
            if *free_ms < least_ms {
                least_ms = *free_ms;
                first = Some((counter, least_ms));
            }
        }
        first
    }

    /// Whom a counter takes: the rule of the hall, over the heads of this rollout.
    fn choose(&self, stage: &Stage, offers: &[(usize, i64)], free_ms: i64) -> Option<Head> {
        let heads = || {
            offers.iter().filter_map(|(service, offset_ms)| {
                let line = stage.lines.get(*service)?;
                let at = *self.heads.get(*service)?;
                let place = *stage.places.get(at).filter(|_| at < line.end)?;
                Some((Head { service: *service, offset_ms: *offset_ms, place, stream: None }, place, *offset_ms))
            })
        };
        let here = choose(heads());
        if here.map_or(stage.streams.is_empty(), |head| head.place.score_ms.saturating_add(head.offset_ms) < self.streams_from_ms) {
            return here;
        }
        let later = offers.iter().flat_map(|(service, offset_ms)| {
            let span = stage.streams_of.get(*service).copied().unwrap_or(Span { begin: 0, end: 0 });
            (span.begin..span.end).filter_map(move |index| {
                let came_ms = *self.stream_ms.get(index).filter(|came_ms| **came_ms <= free_ms)?;
                let score_ms = came_ms.saturating_sub(stage.streams.get(index)?.credit_ms);
                let place = Place { score_ms, order: u64::MAX };
                Some((Head { service: *service, offset_ms: *offset_ms, place, stream: Some(index) }, place, *offset_ms))
            })
        });
        choose(heads().chain(later))
    }

    /// The next in the line or stream of the chosen one becomes its head.
    #[inline]
    fn step_up(&mut self, stage: &Stage, chosen: Option<Head>, random: &mut Random) {
        let Some(chosen) = chosen else { return };
        if let Some(index) = chosen.stream {
            if let (Some(came_ms), Some(stream)) = (self.stream_ms.get_mut(index), stage.streams.get(index)) {
                *came_ms = stream.after(*came_ms, random);
            }
            self.look_at_streams(stage);
        } else if let Some(head) = self.heads.get_mut(chosen.service) {
            *head += 1;
        }
    }

    /// Tells of everybody asked about whom the counter would call before, or as, the chosen one.
    #[inline]
    fn settle(&mut self, queues: &Queues, offers: &[(usize, i64)], chosen: Option<Head>, mut called: impl FnMut(usize)) {
        // Nearly always the chosen one came before everybody asked about.
        if chosen.is_some_and(|head| head.place.score_ms.saturating_add(head.offset_ms) < self.asked_from_ms) {
            return;
        }
        for (nth, (service, offset_ms)) in offers.iter().enumerate() {
            let again = offers.iter().take(nth).any(|(earlier, _)| earlier == service);
            let (Some(front), Some(span)) = (self.fronts.get_mut(*service), queues.services.get(*service)) else { continue };
            let waiting = queues.places.get(*front..span.end).unwrap_or_default();
            let first = waiting.iter().take_while(|(place, _)| {
                let asked_key = (place.score_ms.saturating_add(*offset_ms), place.order);
                chosen.is_none_or(|head| asked_key <= (head.place.score_ms.saturating_add(head.offset_ms), head.place.order))
            });
            for (_, index) in first.take_while(|_| !again) {
                called(*index);
                *front += 1;
                self.pending = self.pending.saturating_sub(1);
            }
        }
    }
}

/// The head of a line as a counter sees it.
#[derive(Clone, Copy)]
struct Head {
    service: usize,
    offset_ms: i64,
    place: Place,
    /// The stream it heads, if it is not here yet.
    stream: Option<usize>,
}

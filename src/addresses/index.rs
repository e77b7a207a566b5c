//! The communities in memory: how their names are typed, by character, pinyin or initials, and which name a text means.

use std::collections::HashMap;

use pinyin::ToPinyinMulti;

use super::key::fold;
use crate::domain::place::digit;

/// The longest text in the box, in characters; positions in it are bits of a word.
pub const QUERY_CHARS_MAX: usize = 60;
/// Initials in the middle of a name are looked for from this many letters on.
const INNER_LETTERS_MIN: usize = 2;

/// A community's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) rooms: u32,
}

/// How a character may be typed.
#[derive(Debug)]
struct Glyph {
    /// Itself, its readings in full, its digit.
    full: Box<[Box<[char]>]>,
    /// First letters; also zh, ch and sh.
    initials: Box<[Box<[char]>]>,
}

#[derive(Debug)]
struct Entry {
    id: i64,
    /// Indexes of the list of glyphs.
    glyphs: Box<[u32]>,
    rooms: u32,
}

/// All communities of one version of the book.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) version: i64,
    pub(super) rooms: u64,
    /// By folded name.
    entries: Vec<Entry>,
    glyphs: Vec<Glyph>,
    by_name: HashMap<Box<str>, usize>,
}

/// How well a text names a community; the lower the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Exact,
    Prefix,
    Initials,
    InitialsPrefix,
    Inside,
    InitialsInside,
}

/// A community that a text may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) id: i64,
    pub(super) rank: Rank,
    /// What stands after the community; empty where nothing does.
    pub(super) tail: String,
    /// For the order among equals: characters of the name that were not typed.
    left: usize,
    rooms: u32,
    at: usize,
}

impl Candidate {
    /// The text names the whole of it, in full.
    pub(super) fn is_exact(&self) -> bool {
        self.rank == Rank::Exact
    }
}

/// The glyphs from `start` to `end` took the text up to `at`.
#[derive(Debug, Clone, Copy)]
struct Hit {
    start: usize,
    end: usize,
    at: usize,
    /// Every character in full.
    full: bool,
    /// The last one only in part.
    partial: bool,
}

impl Index {
    pub(super) fn build(version: i64, rooms: u64, mut rows: Vec<Row>) -> Self {
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        let mut index = Self { version, rooms, ..Self::default() };
        let mut known: HashMap<char, u32> = HashMap::new();
        for row in rows {
            let folded = fold(&row.name);
            let glyphs = folded.chars().filter(|c| c.is_alphanumeric()).filter_map(|c| index.glyph(&mut known, c)).collect();
            index.by_name.insert(folded.into_boxed_str(), index.entries.len());
            index.entries.push(Entry { id: row.id, glyphs, rooms: row.rooms });
        }
        index
    }

    fn glyph(&mut self, known: &mut HashMap<char, u32>, c: char) -> Option<u32> {
        if let Some(at) = known.get(&c) {
            return Some(*at);
        }
        let at = u32::try_from(self.glyphs.len()).ok()?;
        self.glyphs.push(Glyph::of(c));
        known.insert(c, at);
        Some(at)
    }

    /// Communities.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The community of this name.
    pub(super) fn id_of(&self, community: &str) -> Option<i64> {
        let at = self.by_name.get(fold(community).as_str())?;
        self.entries.get(*at).map(|entry| entry.id)
    }

    /// Rooms of a community among all, in millionths; 0 for one that is not in the book.
    pub(super) fn share_ppm(&self, community: &str) -> u32 {
        let entry = self.by_name.get(fold(community).as_str()).and_then(|at| self.entries.get(*at));
        let rooms = entry.map_or(0, |entry| u64::from(entry.rooms));
        (rooms * 1_000_000).checked_div(self.rooms).and_then(|ppm| u32::try_from(ppm).ok()).unwrap_or(0)
    }

    /// The communities that a folded text may mean, best first.
    pub(super) fn candidates(&self, folded: &str) -> Vec<Candidate> {
        let query: Vec<char> = folded.chars().collect();
        let mut found = Vec::new();
        let mut hits = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            hits.clear();
            for start in 0..entry.glyphs.len() {
                self.walk(&query, entry, start, &mut hits);
            }
            choose(&query, at, entry, &hits, &mut found);
        }
        found.sort_by(|a, b| (a.rank, a.left, b.rooms, a.at).cmp(&(b.rank, b.left, a.rooms, b.at)));
        found
    }

    /// Everything that the glyphs from `start` on may take from the beginning of the text.
    fn walk(&self, query: &[char], entry: &Entry, start: usize, hits: &mut Vec<Hit>) {
        // Positions reached, as bits: every character typed in full, and some only by their initials.
        let (mut full, mut mixed) = (1_u64, 0_u64);
        for (index, glyph) in entry.glyphs.iter().enumerate().skip(start) {
            let Some(glyph) = usize::try_from(*glyph).ok().and_then(|at| self.glyphs.get(at)) else { return };
            let (mut next_full, mut next_mixed) = (0, 0);
            for position in 0..query.len() {
                let bit = 1_u64 << position;
                let in_full = full & bit != 0;
                if !in_full && mixed & bit == 0 {
                    continue;
                }
                let from = if index == start { position } else { skip_blanks(query, position) };
                let Some(rest) = query.get(from..).filter(|rest| !rest.is_empty()) else { continue };
                for reading in &glyph.full {
                    if rest.starts_with(reading) {
                        let reached = 1_u64 << (from + reading.len());
                        *(if in_full { &mut next_full } else { &mut next_mixed }) |= reached;
                    } else if let Some(letters) = begun(rest, reading) {
                        hits.push(Hit { start, end: index + 1, at: from + letters, full: in_full, partial: true });
                    }
                }
                for initial in &glyph.initials {
                    if rest.starts_with(initial) {
                        next_mixed |= 1_u64 << (from + initial.len());
                    }
                }
            }
            (full, mixed) = (next_full, next_mixed);
            if full | mixed == 0 {
                return;
            }
            for at in (0..=query.len()).filter(|at| (full | mixed) & (1 << at) != 0) {
                hits.push(Hit { start, end: index + 1, at, full: full & (1 << at) != 0, partial: false });
            }
        }
    }
}

/// The best reading of the whole text as a name, and the two best as a name with something after it.
fn choose(query: &[char], at: usize, entry: &Entry, hits: &[Hit], found: &mut Vec<Candidate>) {
    let mut whole: Option<Candidate> = None;
    let mut tailed: Vec<(usize, Candidate)> = Vec::new();
    for hit in hits {
        let Some(rank) = rank(query, entry, hit) else { continue };
        let Some(tail) = tail(query, entry, hit) else { continue };
        let left = entry.glyphs.len() - (hit.end - hit.start) + usize::from(hit.partial);
        let candidate = Candidate { id: entry.id, rank, tail, left, rooms: entry.rooms, at };
        if candidate.tail.is_empty() {
            if whole.as_ref().is_none_or(|best| (rank, left) < (best.rank, best.left)) {
                whole = Some(candidate);
            }
            continue;
        }
        match tailed.iter_mut().find(|(taken, _)| *taken == hit.at) {
            Some((_, best)) if (rank, left) < (best.rank, best.left) => *best = candidate,
            Some(_) => {}
            None => tailed.push((hit.at, candidate)),
        }
    }
    found.extend(whole);
    // Of two readings as good as each other, the one that takes more of the text.
    tailed.sort_by(|(at_a, a), (at_b, b)| (a.rank, at_b).cmp(&(b.rank, at_a)));
    found.extend(tailed.into_iter().take(2).map(|(_, candidate)| candidate));
}

/// Letters of a reading that was begun and not finished: two at least, and no letter after them.
fn begun(rest: &[char], reading: &[char]) -> Option<usize> {
    let letters = rest.iter().take_while(|c| c.is_ascii_lowercase()).count();
    let typed = rest.get(..letters)?;
    (letters >= 2 && letters < reading.len() && reading.starts_with(typed)).then_some(letters)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\'' | '·')
}

fn skip_blanks(query: &[char], from: usize) -> usize {
    let blanks = query.get(from..).unwrap_or_default().iter().take_while(|c| is_blank(**c)).count();
    from + blanks
}

fn rank(query: &[char], entry: &Entry, hit: &Hit) -> Option<Rank> {
    let whole = hit.end == entry.glyphs.len() && !hit.partial;
    match (hit.start, hit.full) {
        (0, true) => Some(if whole { Rank::Exact } else { Rank::Prefix }),
        (0, false) => Some(if whole { Rank::Initials } else { Rank::InitialsPrefix }),
        (_, true) => Some(Rank::Inside),
        (_, false) => {
            let letters = query.get(..hit.at)?.iter().filter(|c| c.is_alphanumeric()).count();
            (letters >= INNER_LETTERS_MIN).then_some(Rank::InitialsInside)
        }
    }
}

/// What stands after the hit, empty where nothing does; `None` where it cannot be a building.
fn tail(query: &[char], entry: &Entry, hit: &Hit) -> Option<String> {
    let rest = query.get(hit.at..)?;
    let Some(first) = rest.iter().position(|c| c.is_alphanumeric()) else { return Some(String::new()) };
    let number = rest.get(first).is_some_and(|c| c.is_ascii_digit() || digit(*c).is_some() || *c == '十');
    let before = hit.at.checked_sub(1).and_then(|at| query.get(at));
    if first == 0 && number && before.is_some_and(char::is_ascii_digit) {
        return None; // In the middle of a number.
    }
    // After a whole name a building may be called anything: A座, 东楼.
    let whole = hit.end == entry.glyphs.len() && !hit.partial && hit.start == 0;
    (number || whole).then(|| rest.iter().skip(first).collect())
}

impl Glyph {
    fn of(c: char) -> Self {
        let mut full: Vec<String> = vec![c.to_string()];
        let mut initials: Vec<String> = Vec::new();
        if let Some(value) = digit(c) {
            full.push(value.to_string());
        }
        if c == '十' {
            full.extend(["10".to_owned(), "1".to_owned()]);
        }
        // A digit in a name may be typed, and said, as a Chinese one.
        let spoken = c.to_digit(10).and_then(|value| "零一二三四五六七八九".chars().find(|one| digit(*one) == Some(value)));
        full.extend(spoken.map(String::from));
        for reading in spoken.unwrap_or(c).to_pinyin_multi().into_iter().flatten() {
            let plain = reading.plain().to_lowercase();
            let umlaut = plain.contains('ü') || reading.with_tone().contains(['ü', 'ǖ', 'ǘ', 'ǚ', 'ǜ']);
            if umlaut {
                full.push(plain.replace(['ü', 'u'], "v"));
            }
            full.push(plain.replace('ü', "u"));
        }
        let sounds: Vec<String> = full.iter().filter(|reading| reading.starts_with(|c: char| c.is_ascii_lowercase())).cloned().collect();
        if !c.is_ascii() || c.is_ascii_digit() {
            for sound in sounds {
                let two = ["zh", "ch", "sh"].into_iter().find(|two| sound.starts_with(two)).map(str::to_owned);
                initials.extend(two);
                initials.extend(sound.chars().next().map(String::from));
            }
        }
        initials.retain(|initial| !full.contains(initial));
        Self { full: packed(full), initials: packed(initials) }
    }
}

fn packed(mut texts: Vec<String>) -> Box<[Box<[char]>]> {
    texts.retain(|text| !text.is_empty());
    texts.sort_unstable();
    texts.dedup();
    texts.iter().map(|text| text.chars().collect()).collect()
}

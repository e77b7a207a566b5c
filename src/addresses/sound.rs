//! How a Chinese text sounds: the pinyin of each of its characters, for whoever types words without an input method.

use pinyin::ToPinyinMulti;

/// Each letter, digit or Chinese character of a text with its readings in pinyin without tones, the readings of one character apart by
/// spaces and ü written v; letters and digits as they are, in small letters; marks are left out. `调 R1` is `["diao tiao", "r", "1"]`.
#[must_use]
pub fn readings(text: &str) -> Vec<String> {
    text.chars().map(reading).filter(|reading| !reading.is_empty()).collect()
}

fn reading(c: char) -> String {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { c.to_ascii_lowercase().to_string() } else { String::new() };
    }
    let mut all: Vec<String> = c.to_pinyin_multi().into_iter().flatten().map(|one| plain(one.plain(), one.with_tone())).collect();
    all.sort_unstable();
    all.dedup();
    all.join(" ")
}

/// `lü` as it is typed: lv.
fn plain(plain: &str, with_tone: &str) -> String {
    let umlaut = plain.contains('ü') || with_tone.contains(['ü', 'ǖ', 'ǘ', 'ǚ', 'ǜ']);
    if umlaut { plain.replace(['ü', 'u'], "v") } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::readings;

    #[test]
    fn characters_sound_letters_stay_marks_go() {
        assert_eq!(readings("漏水"), ["lou", "shui"]);
        assert_eq!(readings("R1（绿）"), ["r", "1", "lu lv"]);
        let ways = readings("重");
        assert!(["chong", "zhong"].iter().all(|way| ways[0].split(' ').any(|one| one == *way)), "{ways:?}");
        assert_eq!(readings("、 。"), Vec::<String>::new());
    }
}

//! One spelling for the parts of an address that people write in many: `3号楼`, `三栋`, `3#` and `03` are the same building.

use super::phone::narrow_char;

/// What the word after a number says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Building,
    Unit,
    Room,
    /// 号 alone: a building's before more, a room's at the end.
    Number,
}

/// A piece of an address below the community, e.g. `3` of `3号楼`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub role: Option<Role>,
}

/// Words that end a piece; the longer first.
const ENDINGS: [(&str, Role); 12] = [
    ("号楼", Role::Building),
    ("单元", Role::Unit),
    ("楼", Role::Building),
    ("栋", Role::Building),
    ("幢", Role::Building),
    ("座", Role::Building),
    ("#", Role::Building),
    ("门", Role::Unit),
    ("室", Role::Room),
    ("户", Role::Room),
    ("房", Role::Room),
    ("号", Role::Number),
];

/// A part of a flat as it is compared: `0501`, `５０１室` and `五零一` are one room, `1-501` is another than `1501`.
#[must_use]
pub fn part_key(part: &str) -> String {
    let folded: String = part.chars().map(narrow_char).flat_map(char::to_lowercase).collect();
    tokens(folded.trim()).iter().map(|token| plain(&token.text)).collect::<Vec<_>>().join("-")
}

/// The key of pieces that belong to one name.
#[must_use]
pub fn join(tokens: &[Token]) -> String {
    plain(&tokens.iter().map(|token| token.text.as_str()).collect::<String>()).to_owned()
}

/// Without the zeros before a number.
#[must_use]
pub fn plain(text: &str) -> &str {
    let bare = text.trim_start_matches('0');
    if bare.starts_with(|c: char| c.is_ascii_digit()) {
        bare
    } else {
        // `0` itself, or `0a`: one zero stays.
        text.get(text.len() - bare.len() - usize::from(bare.len() < text.len())..).unwrap_or(text)
    }
}

/// Cuts folded text into pieces, at words like 号楼 and at any sign.
#[must_use]
pub fn tokens(folded: &str) -> Vec<Token> {
    let text = arabic(folded);
    let mut tokens = Vec::new();
    let mut piece = String::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if let Some((word, role)) = ENDINGS.iter().find(|(word, _)| rest.starts_with(word)) {
            push(&mut tokens, &mut piece, Some(*role));
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        if c.is_alphanumeric() {
            piece.push(c);
        } else {
            push(&mut tokens, &mut piece, None);
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    push(&mut tokens, &mut piece, None);
    tokens
}

fn push(tokens: &mut Vec<Token>, piece: &mut String, role: Option<Role>) {
    if !piece.is_empty() {
        tokens.push(Token { text: std::mem::take(piece), role });
    }
}

/// A Chinese digit's value.
#[must_use]
pub fn digit(c: char) -> Option<u32> {
    match c {
        '零' | '〇' => Some(0),
        '一' => Some(1),
        '二' | '两' => Some(2),
        '三' => Some(3),
        '四' => Some(4),
        '五' => Some(5),
        '六' => Some(6),
        '七' => Some(7),
        '八' => Some(8),
        '九' => Some(9),
        _ => None,
    }
}

/// Chinese numbers as digits: `十二` is 12, `二十` 20, `五零一` 501.
fn arabic(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run: Vec<char> = Vec::new();
    for c in text.chars() {
        if c == '十' || digit(c).is_some() {
            run.push(c);
            continue;
        }
        flush(&mut out, &mut run);
        out.push(c);
    }
    flush(&mut out, &mut run);
    out
}

fn flush(out: &mut String, run: &mut Vec<char>) {
    let ten = run.iter().position(|c| *c == '十');
    for (at, c) in run.iter().enumerate() {
        match digit(*c) {
            Some(value) => out.push(char::from_digit(value, 10).unwrap_or('0')),
            None => {
                let (first, last) = (at == 0, at + 1 == run.len());
                let once = ten == Some(at);
                out.push_str(match (first, last) {
                    _ if !once => "10",
                    (true, true) => "10",
                    (true, false) => "1",
                    (false, true) => "0",
                    (false, false) => "",
                });
            }
        }
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_has_one_key() {
        for (key, spellings) in [
            ("3", vec!["3", "3号楼", "三号楼", "3#", "03", "３栋", "3 幢", " 3号 "]),
            ("a区3", vec!["A区3号楼", "Ａ区三栋"]),
            ("501", vec!["501", "501室", "0501", "五零一", "５０１户"]),
            ("1-501", vec!["1-501", "1单元501室"]),
            ("1501", vec!["1501", "1501室"]),
            ("", vec!["", " - "]),
        ] {
            for spelling in spellings {
                assert_eq!(part_key(spelling), key, "{spelling}");
            }
        }
    }
}

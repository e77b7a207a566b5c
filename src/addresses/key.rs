//! One spelling for what people write in many: `3号楼`, `三栋`, `3#` and `03` are the same building.

use unicode_normalization::UnicodeNormalization;

/// What the word after a number says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Building,
    Unit,
    Room,
    /// 号 alone: a building's before more, a room's at the end.
    Number,
}

/// A piece of an address below the community, e.g. `3` of `3号楼`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) role: Option<Role>,
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

/// Full-width as narrow, capitals small, no blanks around.
pub(super) fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect::<String>().trim().to_owned()
}

/// The key of a building's, unit's or room's name; empty for none.
pub(super) fn key(name: &str) -> String {
    join(&tokens(&fold(name)))
}

/// A customer's number without what people put between its digits.
pub(super) fn number_key(number: &str) -> String {
    fold(number).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The key of pieces that belong to one name.
pub(super) fn join(tokens: &[Token]) -> String {
    plain(&tokens.iter().map(|token| token.text.as_str()).collect::<String>()).to_owned()
}

/// Without the zeros before a number.
pub(super) fn plain(text: &str) -> &str {
    let bare = text.trim_start_matches('0');
    if bare.starts_with(|c: char| c.is_ascii_digit()) {
        bare
    } else {
        // `0` itself, or `0a`: one zero stays.
        text.get(text.len() - bare.len() - usize::from(bare.len() < text.len())..).unwrap_or(text)
    }
}

/// Cuts folded text into pieces, at words like 号楼 and at any sign.
pub(super) fn tokens(folded: &str) -> Vec<Token> {
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
pub(super) fn digit(c: char) -> Option<u32> {
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
    fn one_building_has_one_key() {
        for (key_of, spellings) in [
            ("3", vec!["3", "3号楼", "三号楼", "3#", "3#楼", "03", "３栋", "3 幢", "三座", " 3号 "]),
            ("12", vec!["12", "十二号楼", "012"]),
            ("20", vec!["二十", "20"]),
            ("23", vec!["二十三栋"]),
            ("a", vec!["A座", "a", "Ａ"]),
            ("a区3", vec!["A区3号楼", "a区三栋"]),
            ("501", vec!["501", "501室", "0501", "五零一", "501户"]),
            ("1501", vec!["1-501"]),
            ("东", vec!["东单元"]),
            ("0", vec!["0", "00"]),
            ("", vec!["", " - ", "#"]),
        ] {
            for spelling in spellings {
                assert_eq!(key(spelling), key_of, "{spelling}");
            }
        }
        assert_eq!(number_key(" 10-0023 456a "), "100023456a");
    }

    #[test]
    fn an_address_falls_into_its_pieces() {
        let cut = |text: &str| tokens(&fold(text)).into_iter().map(|t| (t.text, t.role)).collect::<Vec<_>>();
        let token = |text: &str, role| (text.to_owned(), role);
        assert_eq!(cut("3-2-501"), [token("3", None), token("2", None), token("501", None)]);
        let labelled = [token("3", Some(Role::Building)), token("2", Some(Role::Unit)), token("501", Some(Role::Room))];
        assert_eq!(cut("3号楼2单元501室"), labelled);
        assert_eq!(cut("３＃２单元，五零一室"), labelled);
        assert_eq!(cut("3号501"), [token("3", Some(Role::Number)), token("501", None)]);
    }
}

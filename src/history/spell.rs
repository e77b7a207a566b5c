//! How texts and questions are spelled for the index: every Chinese character a word, so that any piece of a text is found exactly.

use unicode_normalization::UnicodeNormalization;

/// Characters of a question that are looked at; the rest is not.
pub const QUESTION_CHARS_MAX: usize = 100;

/// Whether a character is a word by itself: those of scripts that put no blanks between words.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// A text for the index: full-width forms made plain (NFKC), and blanks round every Chinese character.
pub(super) fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.nfkc() {
        if stands_alone(c) {
            out.extend([' ', c, ' ']);
        } else {
            out.push(if c == '\0' { ' ' } else { c });
        }
    }
    out
}

/// A question to the index: the words one behind the other, the last one perhaps only begun, in the named columns. Nothing of
/// it is read as syntax. `None` where it holds nothing that an index knows.
pub(super) fn phrase(question: &str, columns: &str) -> Option<String> {
    let cut: String = question.chars().take(QUESTION_CHARS_MAX).collect();
    let words = spaced(&cut);
    words.chars().any(char::is_alphanumeric).then(|| format!("{{{columns}}} : \"{}\" *", words.trim().replace('"', "\"\"")))
}

/// Several texts as one, which no phrase runs across.
pub(super) fn joined<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let spaced: Vec<String> = texts.into_iter().map(spaced).collect();
    spaced.join(" \u{E000} ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(texts: &[&str]) -> rusqlite::Connection {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        let make = "CREATE VIRTUAL TABLE t USING fts5 (open, named, content = '', contentless_delete = 1, tokenize = 'unicode61')";
        conn.execute(make, []).unwrap();
        for (n, text) in (1_i64..).zip(texts) {
            conn.execute("INSERT INTO t (rowid, open, named) VALUES (?1, ?2, ?3)", (n, spaced(text), spaced("王小明"))).unwrap();
        }
        conn
    }

    fn found(conn: &rusqlite::Connection, question: &str) -> Vec<i64> {
        let Some(phrase) = phrase(question, "open") else { return Vec::new() };
        let mut find = conn.prepare("SELECT rowid FROM t WHERE t MATCH ?1 ORDER BY rowid").unwrap();
        find.query_map([phrase], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn any_piece_of_a_chinese_text_is_found_exactly() {
        let conn = index(&["换热站供热不足，室温12℃", "供暖热线", "Leaking radiator in 3-501", "１２３４５转来"]);
        for (asked, ids) in [
            ("热", vec![1, 2]),
            ("供热", vec![1]),
            ("热供", vec![]),
            ("换热站供热不足", vec![1]),
            ("供热室温", vec![]),
            ("LEAK", vec![3]),
            ("radiator in", vec![3]),
            ("radiator leaking", vec![]),
            ("12345", vec![4]),
            ("１２３４５", vec![4]),
            ("3-501", vec![3]),
            ("王小明", vec![]),
            ("，", vec![]),
        ] {
            assert_eq!(found(&conn, asked), ids, "{asked}");
        }
    }

    #[test]
    fn a_phrase_does_not_run_from_one_text_into_the_next() {
        let conn = index(&[]);
        conn.execute("INSERT INTO t (rowid, open) VALUES (1, ?1)", [joined(["不供", "热水"])]).unwrap();
        assert_eq!(found(&conn, "供热"), Vec::<i64>::new());
        assert_eq!(found(&conn, "热水"), [1]);
    }

    proptest::proptest! {
        /// Whatever is typed is a question, never syntax: it finds the text it was taken from, and breaks nothing.
        #[test]
        fn whatever_is_typed_is_never_syntax(text in "\\PC{1,60}") {
            let conn = index(&[&text]);
            let has_words = spaced(&text).chars().any(char::is_alphanumeric);
            let ids = found(&conn, &text);
            proptest::prop_assert!(ids == [1] || !has_words || ids.is_empty());
        }

        #[test]
        fn hostile_questions_are_answered(text in "[\"'*(){}:^+\\-a-c 热供ANDORNOTEAR\u{0}]{0,20}") {
            let conn = index(&["a 热供"]);
            drop(found(&conn, &text));
        }
    }
}

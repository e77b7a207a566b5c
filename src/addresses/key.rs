//! How a name, a building or a room of the address book is compared, whatever its spelling.

use unicode_normalization::UnicodeNormalization;

use crate::domain::place::{join, tokens};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::place::Role;

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

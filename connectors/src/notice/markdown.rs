//! Plain text inside the markdown of group robots.

/// A text that makes no link, mention, tag, image or emphasis: the characters that could are written full width. Robots
/// have no escapes to rely on.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' => '＜',
            '>' => '＞',
            '[' => '［',
            ']' => '］',
            '@' => '＠',
            '*' => '＊',
            '`' => '｀',
            '!' => '！',
            '#' => '＃',
            '\\' => '＼',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let hostile = "<@all> [x](http://a) ![y](b) **c** `d` <font color=\"warning\"> # e \\";
        assert!(!plain(hostile).contains(['<', '>', '[', ']', '@', '*', '`', '!', '#', '\\']));
        assert_eq!(plain("population.insured_person 2026-11-20"), "population.insured_person 2026-11-20");
    }
}

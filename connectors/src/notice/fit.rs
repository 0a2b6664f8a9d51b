//! Texts within the room of a channel: whole lines where possible, cut between characters where not.

/// Longest title, in characters.
const LONGEST_TITLE: usize = 100;

/// A title of one bounded line.
pub(super) fn title(text: &str) -> String {
    let plain = one_line(text);
    match plain.char_indices().nth(LONGEST_TITLE) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    }
}

/// Lines joined by `between`, at most `limit` bytes; `more` follows where something was left out.
pub(super) fn lines(lines: &[String], between: &str, limit: usize, more: &str) -> String {
    let whole = lines.iter().map(|line| one_line(line)).collect::<Vec<_>>();
    let joined = whole.join(between);
    if joined.len() <= limit {
        return joined;
    }
    let more = one_line(more);
    let room = limit.saturating_sub(more.len() + between.len());
    let mut out = String::new();
    for line in &whole {
        let glue = if out.is_empty() { "" } else { between };
        let left = room.saturating_sub(out.len() + glue.len());
        if line.len() <= left {
            out.push_str(glue);
            out.push_str(line);
            continue;
        }
        let cut = &line[..line.floor_char_boundary(left.saturating_sub('…'.len_utf8()))];
        if !cut.is_empty() {
            out.push_str(glue);
            out.push_str(cut);
            out.push('…');
        }
        break;
    }
    if !out.is_empty() {
        out.push_str(between);
    }
    out.push_str(&more[..more.floor_char_boundary(limit.saturating_sub(out.len()))]);
    out
}

/// A text without line ends and other control characters.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_never_exceed_their_room_and_end_between_characters() {
        let text: Vec<String> = (0..50).map(|at| format!("第{at}行：读入1,203,441行")).collect();
        for limit in 0..700 {
            let fitted = lines(&text, "\n\n", limit, "（内容过长，其余从略）");
            assert!(fitted.len() <= limit, "{limit}: {}", fitted.len());
        }
        let fitted = lines(&text, "\n\n", 400, "（其余从略）");
        assert!(fitted.ends_with("…\n\n（其余从略）") && fitted.starts_with("第0行"), "{fitted}");
        assert_eq!(lines(&text[..2], "\n", 400, "more"), "第0行：读入1,203,441行\n第1行：读入1,203,441行");
    }

    #[test]
    fn control_characters_make_no_lines() {
        assert_eq!(title("a\r\nb\u{2028}c"), "a  b c");
        assert_eq!(title(&"数".repeat(200)).chars().count(), LONGEST_TITLE + 1);
    }
}

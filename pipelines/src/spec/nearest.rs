//! "Did you mean": the known word nearest to an unknown one.

/// Longest word that is compared; anything longer is not a slip of the pen.
const LONGEST: usize = 128;

/// The candidate nearest to `word` by edits (Damerau–Levenshtein), if it is near enough to be a slip: none for words of
/// one or two characters, one for three, two up to six, a third of the length beyond. Ties go to the first candidate.
///
/// ```
/// use pipelines::spec::nearest::nearest;
/// assert_eq!(nearest("titel", ["id", "title", "owner"]), Some("title"));
/// assert_eq!(nearest("colour", ["id", "title", "owner"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    let allowed = match length {
        1..=2 => 0,
        3 => 1,
        4..=6 => 2,
        _ => length / 3,
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len() > LONGEST * 4 {
            continue;
        }
        let edits = edits(word, candidate);
        if edits <= allowed && best.is_none_or(|(least, _)| edits < least) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Edits between two words; case alone, and `-` for `_`, count as nothing.
fn edits(word: &str, candidate: &str) -> usize {
    let fold = |text: &str| text.to_lowercase().replace('-', "_");
    strsim::damerau_levenshtein(&fold(word), &fold(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let keys = ["connection", "resource", "files", "format"];
        assert_eq!(nearest("conection", keys), Some("connection"));
        assert_eq!(nearest("resuorce", keys), Some("resource"));
        assert_eq!(nearest("FILES", keys), Some("files"));
        assert_eq!(nearest("timezone", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(nearest("L5", ["L1", "L2"]), None);
        assert_eq!(nearest("l1", ["L1", "L2"]), Some("L1"));
        assert_eq!(nearest(&"x".repeat(10_000), keys), None);
        assert_eq!(nearest("身份证号玛", ["身份证号码", "姓名"]), Some("身份证号码"));
    }
}

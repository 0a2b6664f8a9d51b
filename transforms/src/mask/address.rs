//! How much of a Chinese address names province, city and county.

/// Endings of the three levels, in order. A longer ending stands before one that it ends with.
const LEVELS: [&[&str]; 3] =
    [&["特别行政区", "自治区", "省"], &["自治州", "地区", "盟", "市"], &["自治县", "自治旗", "县", "区", "旗", "市"]];

/// Characters of the longest name of one level, with its ending.
const LONGEST: usize = 12;

/// Characters that do not occur in the names of counties but do in streets, villages and housing estates.
const FINER: &[char] =
    &['路', '街', '道', '巷', '弄', '号', '村', '镇', '乡', '栋', '幢', '楼', '室', '园', '组', '社', '小', '校', '厂'];

/// The length in bytes of the beginning of `address` that goes no further than the county; 0 if it names no level.
pub(super) fn length_down_to_county(address: &str) -> usize {
    LEVELS.iter().fold(0, |start, endings| start + level_length(&address[start..], endings))
}

/// The length in bytes of a name of this level at the beginning of `text`; 0 if there is none.
fn level_length(text: &str, endings: &[&str]) -> usize {
    for (count, (at, character)) in text.char_indices().enumerate().take(LONGEST) {
        if character.is_ascii() || FINER.contains(&character) {
            return 0;
        }
        // A name has at least one character before its ending.
        let ending = endings.iter().find(|ending| text[at..].starts_with(**ending));
        if let (1.., Some(ending)) = (count, ending) {
            return at + ending.len();
        }
    }
    0
}

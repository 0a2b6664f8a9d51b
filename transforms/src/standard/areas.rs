//! The area codes that are compiled in: provinces by two digits, and the codes of Yancheng with the years in which
//! they were valid (`area_codes.csv`; an empty year is open, `?` an end at an unknown time).

use std::sync::LazyLock;

use super::date::digits;
use super::walk::all_digits;

/// The first four digits of Yancheng's codes.
const YANCHENG: u32 = 3209;
/// Codes of Yancheng's counties before 1983 began with these four digits; they survive in citizen numbers.
const BEFORE_1983: u32 = 3223;

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("area_codes.csv")));

/// What a six-digit code is worth in a given year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// In the table and valid, or of another city in a known province.
    Valid,
    /// In the table, but not valid in that year.
    Expired,
    /// It claims to be of Yancheng and is not in the table.
    NotInTable,
    /// No province has these two digits.
    UnknownProvince,
}

struct Table {
    provinces: [bool; 100],
    counties: [Option<Years>; 100],
}

/// First and last year of validity.
#[derive(Clone, Copy)]
struct Years {
    from: i32,
    to: i32,
}

impl Table {
    fn read(csv: &str) -> Self {
        let mut table = Self { provinces: [false; 100], counties: [None; 100] };
        for line in csv.lines().skip(1) {
            let mut fields = line.split(',');
            let code = fields.next().unwrap_or_default().as_bytes();
            let (from, to) = (fields.nth(1).unwrap_or_default(), fields.next());
            let last_two = digits(&code[code.len().saturating_sub(2)..]) as usize;
            match code.len() {
                2 => table.provinces[last_two] = true,
                _ => table.counties[last_two] = Some(Years::read(from, to.unwrap_or_default())),
            }
        }
        table
    }
}

impl Years {
    fn read(from: &str, to: &str) -> Self {
        Self {
            from: from.parse().unwrap_or(i32::MIN),
            to: match to {
                "" => i32::MAX,
                "?" => i32::MIN,
                year => year.parse().unwrap_or(i32::MIN),
            },
        }
    }
}

/// The standing of six digits in a year.
pub(super) fn standing(code: &[u8], year: i32) -> Standing {
    let table = &*TABLE;
    let (city, county) = (digits(&code[..4]), digits(&code[4..6]) as usize);
    if city != YANCHENG {
        return if table.provinces[(city / 100) as usize] { Standing::Valid } else { Standing::UnknownProvince };
    }
    match table.counties[county] {
        None => Standing::NotInTable,
        Some(years) if years.from <= year && year <= years.to => Standing::Valid,
        Some(_) => Standing::Expired,
    }
}

/// Whether a citizen number may begin with these six digits: codes that were ever valid count.
pub(super) fn known_in_citizen_id(code: &[u8]) -> bool {
    all_digits(code)
        && (digits(&code[..4]) == BEFORE_1983
            || matches!(standing(code, i32::MAX), Standing::Valid | Standing::Expired))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_province_and_the_codes_of_yancheng() {
        assert_eq!(TABLE.provinces.iter().filter(|known| **known).count(), 34);
        let valid = (0..100)
            .filter(|last| standing(format!("3209{last:02}").as_bytes(), 2026) == Standing::Valid)
            .collect::<Vec<_>>();
        assert_eq!(valid, [0, 2, 3, 4, 21, 22, 23, 24, 25, 81]);
    }

    #[test]
    fn validity_has_an_interval() {
        assert_eq!(standing(b"320911", 1983), Standing::Valid);
        assert_eq!(standing(b"320911", 1996), Standing::Valid);
        assert_eq!(standing(b"320911", 1997), Standing::Expired);
        assert_eq!(standing(b"320901", 1990), Standing::Expired);
        assert_eq!(standing(b"320999", 1990), Standing::NotInTable);
    }

    #[test]
    fn old_codes_are_legal_inside_citizen_numbers() {
        for code in ["320901", "320911", "320926", "320927", "320928", "320982", "322301", "110105"] {
            assert!(known_in_citizen_id(code.as_bytes()), "{code}");
        }
        assert!(!known_in_citizen_id(b"320905"));
        assert!(!known_in_citizen_id(b"990101"));
    }
}

//! Persons by number: the same number is the same person for every department.

use chrono::{Days, NaiveDate};

use super::chance::{Chance, Dice, Family};
use super::codes;

/// Area codes of the city's counties, GB/T 2260, with their names.
pub(super) const AREAS: [(&str, &str); 9] = [
    ("320902", "亭湖区"),
    ("320903", "盐都区"),
    ("320904", "大丰区"),
    ("320921", "响水县"),
    ("320922", "滨海县"),
    ("320923", "阜宁县"),
    ("320924", "射阳县"),
    ("320925", "建湖县"),
    ("320981", "东台市"),
];
/// The ten stems: family names that nobody has.
const STEMS: [char; 10] = ['甲', '乙', '丙', '丁', '戊', '己', '庚', '辛', '壬', '癸'];
/// The twelve branches: given names.
const BRANCHES: [char; 12] = ['子', '丑', '寅', '卯', '辰', '巳', '午', '未', '申', '酉', '戌', '亥'];
/// Days on which persons were born, from [`first_birth`] on.
const BIRTHS: u64 = 36_500;
/// Serial numbers 001 to 995; 996 to 999 once meant births before 1900.
const SERIALS: u64 = 995;
/// How many different persons there can be.
const SPACE: u64 = AREAS.len() as u64 * BIRTHS * SERIALS;
/// A prime that does not divide [`SPACE`]: multiplying by it visits every place once.
const STRIDE: u128 = 179_424_673;

fn first_birth() -> NaiveDate {
    NaiveDate::from_ymd_opt(1925, 7, 1).unwrap_or_default()
}

/// Makes persons.
#[derive(Debug, Clone)]
pub(super) struct People {
    dice: Dice,
    offset: u64,
}

/// One person.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Valid citizen ID, 18 characters.
    pub(super) id: String,
    /// Obviously made-up name.
    pub(super) name: String,
    /// GB/T 2261.1: `1` or `2`.
    pub(super) sex: &'static str,
    /// Birth date, as in the ID.
    pub(super) born: NaiveDate,
    /// Index into [`AREAS`].
    pub(super) area: usize,
    /// A number of a range that is not issued.
    pub(super) mobile: String,
    /// Further chance about this person, the same for every caller.
    pub(super) chance: Chance,
}

impl People {
    /// The people of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let dice = Dice::new(seed, Family::Person);
        let offset = dice.row(u64::MAX).below(SPACE);
        Self { dice, offset }
    }

    /// Person of that number.
    pub(super) fn person(&self, number: u64) -> Person {
        let place = (u128::from(number) * STRIDE + u128::from(self.offset)) % u128::from(SPACE);
        let place = u64::try_from(place).unwrap_or(0);
        let area = usize::try_from(place % AREAS.len() as u64).unwrap_or(0);
        let rest = place / AREAS.len() as u64;
        let born = first_birth().checked_add_days(Days::new(rest % BIRTHS)).unwrap_or_default();
        let serial = rest / BIRTHS + 1;
        let id = codes::citizen_id(&format!("{}{}{serial:03}", AREAS[area].0, born.format("%Y%m%d")));
        let mut chance = self.dice.row(number);
        let name = name(&mut chance);
        let mobile = mobile(&mut chance);
        Person { id, name, sex: if serial % 2 == 1 { "1" } else { "2" }, born, area, mobile, chance }
    }
}

impl Person {
    /// Area code of residence.
    pub(super) fn area_code(&self) -> &'static str {
        AREAS[self.area].0
    }

    /// An address that does not exist.
    pub(super) fn address(&mut self) -> String {
        let (road, house, room) = (self.chance.below(90) + 10, self.chance.below(300) + 1, self.chance.below(30) + 1);
        format!("江苏省盐城市{}虚拟路{road}号样例小区{house}幢{room:02}室", AREAS[self.area].1)
    }

    /// A card number that is not issued, 19 digits with a valid Luhn digit.
    pub(super) fn card(&mut self) -> String {
        codes::luhn(&format!("629999{:012}", self.chance.below(1_000_000_000_000)))
    }
}

/// A made-up name of two or three characters.
pub(super) fn name(chance: &mut Chance) -> String {
    let mut name = String::with_capacity(9);
    name.push(*chance.pick(&STEMS));
    name.push(*chance.pick(&BRANCHES));
    if !chance.once_in(4) {
        name.push(*chance.pick(&BRANCHES));
    }
    name
}

/// A mobile number of the ranges 142 and 143, which are not issued.
pub(super) fn mobile(chance: &mut Chance) -> String {
    format!("14{}{:08}", chance.below(2) + 2, chance.below(100_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_number_is_always_the_same_person_and_no_two_share_an_id() {
        let people = People::new(7);
        let ids: HashSet<String> = (0..50_000).map(|number| people.person(number).id).collect();
        assert_eq!(ids.len(), 50_000);
        let (mut first, mut again) = (people.person(41), People::new(7).person(41));
        assert_eq!((first.card(), &first.id, &first.name), (again.card(), &again.id, &again.name));
        assert_ne!(first.id, People::new(8).person(41).id);
        assert_ne!(u128::from(SPACE) % STRIDE, 0, "the stride would visit some places twice");
    }
}

//! The project that is killed: four libraries, one a mode; nine supplies, every mode in every form; three days of data.

use chrono::{Days, NaiveDate};

use crate::harness::sample::{citizen_id, credit_code, mobile};
use crate::harness::{Project, ledger};

/// Business dates of the first load, of a day with changes, and of one more.
pub(crate) const DAYS: [&str; 3] = ["2026-11-01", "2026-11-02", "2026-11-03"];

/// A project before its first run, with keys that all copies share.
pub(crate) fn new() -> Project {
    let project = Project::of(&["base", "crash"]);
    project.run("crash.warm", DAYS[0]).ends(0);
    for day in 0..3 {
        deliver(&project, day);
    }
    visits(&project, 0);
    project
}

/// The business date of a day, counted from the first.
pub(crate) fn date(day: u32) -> NaiveDate {
    DAYS[0].parse::<NaiveDate>().unwrap() + Days::new(day.into())
}

/// What arrives in the files of a day. Every third day people and firms are again those of the first.
pub(crate) fn deliver(project: &Project, day: u32) {
    let folder = format!("front/{}", date(day).format("%Y%m%d"));
    project.put(format!("{folder}/insured.csv"), insured(day));
    project.put(format!("{folder}/firm.csv"), firms(day));
    for (part, areas) in [(1, ["320902", "320903"]), (2, ["320904", "320981"])] {
        project.put(format!("{folder}/stock_{part}.csv"), stock(day, &areas));
    }
}

/// Visits are one table that grows: those of a day come at its end.
pub(crate) fn visits(project: &Project, day: u32) {
    let mut sql = String::from(
        "CREATE TABLE IF NOT EXISTS visit (visit_no INTEGER, citizen_id TEXT, disease TEXT, pressure INTEGER, seen_at TEXT);\n",
    );
    for number in day * 60..(day + 1) * 60 {
        let id = if number % 20 == 3 { "320902199013011234".into() } else { citizen_id(number) };
        let (pressure, minute) = (100 + number % 60, number % 60);
        sql += &format!(
            "INSERT INTO visit VALUES ({number}, '{id}', 'x', {pressure}, '2026-11-0{} 08:{minute:02}:00');\n",
            day + 1
        );
    }
    ledger::execute(&project.path("clinic/clinic.db"), &sql);
}

/// People leave (40 a day), arrive (20 a day), change (every 7th), and are wrong (every 25th; two share an ID).
fn insured(day: u32) -> String {
    let mut text = String::from("citizen_id,name,phone,area_code,base,since,card,note,updated_at\n");
    let phase = day % 3;
    for number in phase * 40..300 + phase * 20 {
        let changed = day > 0 && number % 7 == phase;
        let id = match number % 50 {
            24 => "320902199013011234".to_owned(),
            49 => citizen_id(49),
            _ => citizen_id(number),
        };
        let base =
            if number % 50 == 10 { "many".to_owned() } else { format!("{}.50", 3000 + number + u32::from(changed)) };
        let updated = format!("{} 01:00:00", date(if changed { day } else { 0 }));
        let (phone, month) = (mobile(number), number % 12 + 1);
        text += &format!("{id},甲{number},{phone},320902,{base},2020-{month:02}-15,,注{number},{updated}\n");
    }
    text
}

/// Every 5th firm changes each day, 8 a day close, 5 a day open, every 40th is wrong.
fn firms(day: u32) -> String {
    let mut text = String::from("credit_code,firm,capital,updated_at\n");
    let phase = day % 3;
    for number in phase * 8..120 + phase * 5 {
        let changed = if number % 5 == phase { day } else { 0 };
        let code = if number % 40 == 21 { "91320902WRONGWRONG".into() } else { credit_code(number) };
        text += &format!("{code},企业{number},{},{} 01:00:00\n", 100 + number * 10 + changed, date(changed));
    }
    text
}

/// On the second day only some areas deliver.
fn stock(day: u32, areas: &[&str]) -> String {
    let mut text = String::from("area_code,goods,amount\n");
    for area in areas.iter().filter(|area| day != 1 || !area.ends_with('3')) {
        for number in 0..25 {
            let amount = if number == 7 { "-1".into() } else { (number * 3 + day).to_string() };
            text += &format!("{area},货{number},{amount}\n");
        }
    }
    text
}

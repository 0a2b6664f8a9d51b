//! Values that pass the standards' checks. Nobody they could belong to exists: serial and number are made up.

/// A citizen ID of 亭湖 (320902) with a valid check character, another for each number below 300,000.
pub(crate) fn citizen_id(number: u32) -> String {
    let (day, serial) = (number / 900, number % 900);
    let (year, month) = (1950 + day / 336, day / 28 % 12 + 1);
    let body = format!("320902{year:04}{month:02}{:02}{:03}", day % 28 + 1, serial + 1);
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// A unified social credit code with a valid check character.
pub(crate) fn credit_code(number: u32) -> String {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let organisation = format!("{number:08}");
    let weighted: u32 = organisation
        .bytes()
        .zip([3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = match 11 - weighted % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from(b'0' + u8::try_from(digit).unwrap()),
    };
    let body = format!("91320902{organisation}{check}");
    let mut weight = 1;
    let mut sum = 0;
    for byte in body.bytes() {
        sum += u32::try_from(ALPHABET.iter().position(|known| *known == byte).unwrap()).unwrap() * weight;
        weight = weight * 3 % 31;
    }
    format!("{body}{}", char::from(ALPHABET[((31 - sum % 31) % 31) as usize]))
}

/// A mobile number.
pub(crate) fn mobile(number: u32) -> String {
    format!("139{number:08}")
}

/// A bank card of 19 digits that passes the Luhn check.
pub(crate) fn bank_card(number: u32) -> String {
    let body = format!("622202160{number:09}");
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit - b'0')) {
            (0, digit) if digit > 4 => digit * 2 - 9,
            (0, digit) => digit * 2,
            (_, digit) => digit,
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

#[test]
fn samples_are_those_of_the_standards() {
    assert!(citizen_id(0).starts_with("32090219500101001"));
    assert_eq!(citizen_id(0).len(), 18);
    assert_eq!(credit_code(1).len(), 18);
    assert_eq!(bank_card(123).len(), 19);
}

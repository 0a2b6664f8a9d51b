//! Check characters, computed here apart from the checks of `transforms`, so that the demo can prove them wrong.

/// Appends the GB 11643 check character to 17 digits.
pub(super) fn citizen_id(body: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// Letters and digits of a credit code, GB 32100.
pub(super) const CREDIT: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Appends the GB 11714 check character to the 8 characters of an organisation code.
pub(super) fn organisation(body: &str) -> String {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        _ => u32::from(byte - b'A') + 10,
    };
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(byte, weight)| value(byte) * weight).sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from(b'0' + u8::try_from(digit).unwrap_or(0)),
    };
    format!("{body}{check}")
}

/// Appends the GB 32100 check character to 17 characters of the credit alphabet.
pub(super) fn credit(body: &str) -> String {
    let mut weight = 1;
    let mut sum = 0;
    for byte in body.bytes() {
        let value = CREDIT.iter().position(|known| *known == byte).unwrap_or(0);
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    let check = (31 - sum % 31) % 31;
    format!("{body}{}", char::from(CREDIT[check]))
}

/// Appends the Luhn digit.
pub(super) fn luhn(body: &str) -> String {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let digit = u32::from(digit - b'0');
            let doubled = if index % 2 == 0 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// The same code with its last character changed into another of `alphabet`, so that no check passes.
pub(super) fn broken(code: &str, alphabet: &[u8]) -> String {
    let last = code.bytes().last().unwrap_or(b'0');
    let at = alphabet.iter().position(|known| *known == last).unwrap_or(0);
    let other = char::from(alphabet[(at + 1) % alphabet.len()]);
    format!("{}{other}", &code[..code.len().saturating_sub(1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_get_their_check_characters() {
        assert_eq!(citizen_id("11010519491231002"), "11010519491231002X");
        assert_eq!(citizen_id("44052418800101001"), "440524188001010014");
        assert_eq!(organisation("D2143569"), "D2143569X");
        assert_eq!(organisation("60003734"), "600037341");
        assert_eq!(credit("91110000600037341"), "91110000600037341L");
        assert_eq!(luhn("622202160200012345"), "6222021602000123457");
        assert_eq!(broken("6222021602000123457", b"0123456789"), "6222021602000123458");
    }
}

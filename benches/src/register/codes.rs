//! Check characters, written into the last place of a code. Computed apart from the checks of `transforms`.

/// Sets the GB 11643 check character of a citizen number.
pub(super) fn citizen_id(code: &mut [u8; 18]) {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = code.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    code[17] = b"10X98765432"[(sum % 11) as usize];
}

/// Sets the GB 11714 check character at position 17 and the GB 32100 one at position 18 of a code of digits.
pub(super) fn credit(code: &mut [u8; 18]) {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = code[8..16].iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    code[16] = b"0X987654321"[(sum % 11) as usize];
    let (mut sum, mut weight) = (0, 1);
    for byte in &code[..17] {
        sum += weight * ALPHABET.iter().position(|known| known == byte).unwrap_or(0);
        weight = weight * 3 % 31;
    }
    code[17] = ALPHABET[(31 - sum % 31) % 31];
}

/// Sets the Luhn digit of a card number.
pub(super) fn luhn(code: &mut [u8; 19]) {
    let sum: u32 = code[..18]
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let digit = u32::from(digit - b'0');
            let doubled = if index % 2 == 0 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    code[18] = b'0' + ((10 - sum % 10) % 10) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_get_their_check_characters() {
        let mut id = *b"11010519491231002?";
        citizen_id(&mut id);
        assert_eq!(&id, b"11010519491231002X");
        let mut code = *b"9111000060003734??";
        credit(&mut code);
        assert_eq!(&code, b"91110000600037341L");
        let mut card = *b"622202160200012345?";
        luhn(&mut card);
        assert_eq!(&card, b"6222021602000123457");
    }
}

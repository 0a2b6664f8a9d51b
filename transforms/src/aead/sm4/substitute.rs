//! The S-box of SM4 as gates, on one bit of 64 bytes at a time.
//!
//! The S-box is `A · (A · x + c)⁻¹ + c` over GF(2)[x] / (x⁸ + x⁷ + x⁶ + x⁵ + x⁴ + x² + 1), with a circulant matrix A and
//! c = 0xd3. The inverse is taken in an isomorphic tower of fields, where it is small: GF(4) is GF(2)[w] / (w² + w + 1),
//! GF(16) is GF(4)[v] / (v² + v + w), GF(256) is GF(16)[u] / (u² + u + wv + 1); the generator x becomes the root 0x83 of
//! its polynomial. Both changes of field are one with the matrices and constants. A test compares all 256 values.

/// An element of GF(4): the coefficients of 1 and w.
type Pair = [u64; 2];
/// An element of GF(16): the coefficients of 1, w, v and wv.
type Nibble = [u64; 4];

/// The S-box on bytes given by their bits, the lowest first.
#[inline(always)]
pub(super) fn substitute(x: [u64; 8]) -> [u64; 8] {
    let (low, high, squares) = enter(x);
    // The norm of low + high · u; `squares` is the part of it that is linear.
    let product = multiply(high, low);
    let norm = add(squares, product);
    let inverse = invert(norm);
    leave(multiply(add(low, high), inverse), multiply(high, inverse))
}

/// `A · x + c` in the tower: the coefficients of 1 and u, and `low² + (wv + 1) · high²`.
#[inline(always)]
fn enter(x: [u64; 8]) -> (Nibble, Nibble, Nibble) {
    let t8 = x[0] ^ x[2];
    let t9 = x[4] ^ x[5];
    let t10 = x[1] ^ t8;
    let t11 = x[6] ^ t10;
    let t12 = x[1] ^ t9;
    let t13 = x[6] ^ x[7];
    let t14 = x[5] ^ t11;
    let t15 = x[3] ^ x[5];
    let t16 = x[3] ^ t11;
    let t17 = t8 ^ t15;
    let t18 = x[4] ^ t11;
    let t19 = x[2] ^ x[7];
    let t20 = t9 ^ t16;
    let t21 = x[0] ^ x[6];
    let t22 = x[3] ^ t13;
    let t23 = t9 ^ t21;
    ([t23, t12, !x[5], t14], [t18, !x[6], !t19, !t20], [!t22, !t17, t10, t9])
}

/// `A · y + c`, where y is `low + high · u` of the tower.
#[inline(always)]
fn leave(low: Nibble, high: Nibble) -> [u64; 8] {
    let ([y0, y1, y2, y3], [y4, y5, y6, y7]) = (low, high);
    let t8 = y1 ^ y3;
    let t9 = y0 ^ y6;
    let t10 = y1 ^ y4;
    let t11 = y4 ^ t9;
    let t12 = y7 ^ t8;
    let t13 = y7 ^ t9;
    let t14 = y2 ^ t11;
    let t15 = y0 ^ y5;
    let t16 = y2 ^ t10;
    let t17 = y0 ^ y2;
    let t18 = t10 ^ t15;
    let t19 = t12 ^ t14;
    let t20 = y5 ^ t8;
    [!t17, !t11, t16, t13, !t20, t12, !t18, !t19]
}

#[inline(always)]
fn add(a: Nibble, b: Nibble) -> Nibble {
    [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]]
}

/// The product in GF(4).
#[inline(always)]
fn multiply_pairs(a: Pair, b: Pair) -> Pair {
    let (low, high) = (a[0] & b[0], a[1] & b[1]);
    let cross = (a[0] ^ a[1]) & (b[0] ^ b[1]);
    [low ^ high, cross ^ low]
}

/// The product in GF(16).
#[inline(always)]
fn multiply(a: Nibble, b: Nibble) -> Nibble {
    let low = multiply_pairs([a[0], a[1]], [b[0], b[1]]);
    let high = multiply_pairs([a[2], a[3]], [b[2], b[3]]);
    let cross = multiply_pairs([a[0] ^ a[2], a[1] ^ a[3]], [b[0] ^ b[2], b[1] ^ b[3]]);
    [low[0] ^ high[1], low[1] ^ high[0] ^ high[1], cross[0] ^ low[0], cross[1] ^ low[1]]
}

/// The inverse in GF(16); that of 0 is 0.
#[inline(always)]
fn invert(x: Nibble) -> Nibble {
    let (low, high) = ([x[0], x[1]], [x[2], x[3]]);
    let product = multiply_pairs(high, low);
    // low² + high · low + w · high²
    let norm = [x[3] ^ product[0] ^ x[0] ^ x[1], x[2] ^ product[1] ^ x[1]];
    // Its inverse in GF(4) is its square.
    let inverse = [norm[0] ^ norm[1], norm[1]];
    let [a, b] = multiply_pairs([x[0] ^ x[2], x[1] ^ x[3]], inverse);
    let [c, d] = multiply_pairs(high, inverse);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GB/T 32907-2016, table of the S-box.
    #[rustfmt::skip]
    const S_BOX: [u8; 256] = [
        0xd6, 0x90, 0xe9, 0xfe, 0xcc, 0xe1, 0x3d, 0xb7, 0x16, 0xb6, 0x14, 0xc2, 0x28, 0xfb, 0x2c, 0x05,
        0x2b, 0x67, 0x9a, 0x76, 0x2a, 0xbe, 0x04, 0xc3, 0xaa, 0x44, 0x13, 0x26, 0x49, 0x86, 0x06, 0x99,
        0x9c, 0x42, 0x50, 0xf4, 0x91, 0xef, 0x98, 0x7a, 0x33, 0x54, 0x0b, 0x43, 0xed, 0xcf, 0xac, 0x62,
        0xe4, 0xb3, 0x1c, 0xa9, 0xc9, 0x08, 0xe8, 0x95, 0x80, 0xdf, 0x94, 0xfa, 0x75, 0x8f, 0x3f, 0xa6,
        0x47, 0x07, 0xa7, 0xfc, 0xf3, 0x73, 0x17, 0xba, 0x83, 0x59, 0x3c, 0x19, 0xe6, 0x85, 0x4f, 0xa8,
        0x68, 0x6b, 0x81, 0xb2, 0x71, 0x64, 0xda, 0x8b, 0xf8, 0xeb, 0x0f, 0x4b, 0x70, 0x56, 0x9d, 0x35,
        0x1e, 0x24, 0x0e, 0x5e, 0x63, 0x58, 0xd1, 0xa2, 0x25, 0x22, 0x7c, 0x3b, 0x01, 0x21, 0x78, 0x87,
        0xd4, 0x00, 0x46, 0x57, 0x9f, 0xd3, 0x27, 0x52, 0x4c, 0x36, 0x02, 0xe7, 0xa0, 0xc4, 0xc8, 0x9e,
        0xea, 0xbf, 0x8a, 0xd2, 0x40, 0xc7, 0x38, 0xb5, 0xa3, 0xf7, 0xf2, 0xce, 0xf9, 0x61, 0x15, 0xa1,
        0xe0, 0xae, 0x5d, 0xa4, 0x9b, 0x34, 0x1a, 0x55, 0xad, 0x93, 0x32, 0x30, 0xf5, 0x8c, 0xb1, 0xe3,
        0x1d, 0xf6, 0xe2, 0x2e, 0x82, 0x66, 0xca, 0x60, 0xc0, 0x29, 0x23, 0xab, 0x0d, 0x53, 0x4e, 0x6f,
        0xd5, 0xdb, 0x37, 0x45, 0xde, 0xfd, 0x8e, 0x2f, 0x03, 0xff, 0x6a, 0x72, 0x6d, 0x6c, 0x5b, 0x51,
        0x8d, 0x1b, 0xaf, 0x92, 0xbb, 0xdd, 0xbc, 0x7f, 0x11, 0xd9, 0x5c, 0x41, 0x1f, 0x10, 0x5a, 0xd8,
        0x0a, 0xc1, 0x31, 0x88, 0xa5, 0xcd, 0x7b, 0xbd, 0x2d, 0x74, 0xd0, 0x12, 0xb8, 0xe5, 0xb4, 0xb0,
        0x89, 0x69, 0x97, 0x4a, 0x0c, 0x96, 0x77, 0x7e, 0x65, 0xb9, 0xf1, 0x09, 0xc5, 0x6e, 0xc6, 0x84,
        0x18, 0xf0, 0x7d, 0xec, 0x3a, 0xdc, 0x4d, 0x20, 0x79, 0xee, 0x5f, 0x3e, 0xd7, 0xcb, 0x39, 0x48,
    ];

    #[test]
    fn every_value_is_that_of_the_standard() {
        for (value, expected) in (0_u8..=255).zip(S_BOX) {
            // The value in bit 0, its complement in bit 1: neighbours do not touch each other.
            let bits = std::array::from_fn(|at| u64::from(value >> at & 1) | u64::from(!value >> at & 1) << 1);
            let out = substitute(bits);
            let read =
                |bit: u8| out.iter().enumerate().fold(0, |byte, (at, plane)| byte | ((plane >> bit & 1) as u8) << at);
            assert_eq!(read(0), expected);
            assert_eq!(read(1), S_BOX[usize::from(!value)]);
        }
    }
}

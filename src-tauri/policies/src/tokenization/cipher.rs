//! Encryption that keeps the form: AES-256 in the mode FF1 of NIST SP 800-38G, over the letters and digits of a value.

use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Most signs of a value that are turned: the work grows with the square of them.
const MAX_SIGNS: usize = 512;
/// Fewest values that a token must be able to stand for (SP 800-38G, revision 1, 5.1).
const MIN_DOMAIN: f64 = 1_000_000.0;

/// What is turned.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Alphabet {
    /// Digits.
    Digits,
    /// Latin letters, small and capital.
    Letters,
    /// Digits and Latin letters.
    Alphanumeric,
}

impl Alphabet {
    fn signs(self) -> &'static [u8] {
        const ALL: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        match self {
            Self::Digits => &ALL[..10],
            Self::Letters => &ALL[10..],
            Self::Alphanumeric => ALL,
        }
    }
}

/// Turns values into tokens and back.
pub(super) struct Cipher {
    ff1: FF1<Aes256>,
    signs: &'static [u8],
    /// Fewest signs of a value.
    fewest: usize,
    tweak: Vec<u8>,
}

impl Cipher {
    /// The key of AES is the hash of `key`.
    pub(super) fn new(key: &str, alphabet: Alphabet, tweak: &str) -> Result<Self, String> {
        let signs = alphabet.signs();
        let radix = signs.len() as u32;
        let ff1 = FF1::new(&Sha256::digest(key.as_bytes()), radix).map_err(|error| error.to_string())?;
        let fewest = (MIN_DOMAIN.ln() / f64::from(radix).ln()).ceil() as usize;
        Ok(Self { ff1, signs, fewest, tweak: tweak.as_bytes().to_vec() })
    }

    /// The token of a value. Signs outside the alphabet keep their places.
    pub(super) fn tokenize(&self, value: &str) -> Result<String, String> {
        self.turn(value, |ff1, tweak, numerals| ff1.encrypt(tweak, numerals).ok())
    }

    /// The value of a token.
    pub(super) fn detokenize(&self, token: &str) -> Result<String, String> {
        self.turn(token, |ff1, tweak, numerals| ff1.decrypt(tweak, numerals).ok())
    }

    fn turn(
        &self,
        text: &str,
        by: impl Fn(&FF1<Aes256>, &[u8], &FlexibleNumeralString) -> Option<FlexibleNumeralString>,
    ) -> Result<String, String> {
        let numeral = |sign: char| self.signs.iter().position(|known| char::from(*known) == sign);
        let numerals: Vec<u16> = text.chars().filter_map(numeral).map(|numeral| numeral as u16).collect();
        if numerals.len() < self.fewest {
            return Err(format!("has too few signs to hide: {} at least", self.fewest));
        }
        if numerals.len() > MAX_SIGNS {
            return Err(format!("has more than {MAX_SIGNS} signs"));
        }
        let turned = by(&self.ff1, &self.tweak, &FlexibleNumeralString::from(numerals))
            .ok_or_else(|| "cannot be turned".to_owned())?;
        let mut turned = Vec::from(turned).into_iter();
        let sign = |numeral: u16| self.signs.get(usize::from(numeral)).map(|sign| char::from(*sign));
        let put = |c: char| match numeral(c) {
            Some(_) => turned.next().and_then(sign).unwrap_or(c),
            None => c,
        };
        Ok(text.chars().map(put).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A sample of NIST SP 800-38G: FF1 with AES-256, whose key is given as it is instead of as a hash.
    fn sample(tweak: &[u8], radix: u32, plain: &[u16]) -> Vec<u16> {
        let key: Vec<u8> = (0..64)
            .step_by(2)
            .map(|at| {
                let key = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94";
                u8::from_str_radix(&key[at..at + 2], 16).expect("hex")
            })
            .collect();
        let ff1 = FF1::<Aes256>::new(&key, radix).expect("a radix");
        ff1.encrypt(tweak, &FlexibleNumeralString::from(plain.to_vec())).expect("encrypts").into()
    }

    #[test]
    fn agrees_with_the_samples_of_nist() {
        let digits: Vec<u16> = (0..10).collect();
        // Samples 7, 8 and 9.
        assert_eq!(sample(b"", 10, &digits), [6, 6, 5, 7, 6, 6, 7, 0, 0, 9]);
        let tweak: Vec<u8> = (0x30..=0x39).rev().collect();
        assert_eq!(sample(&tweak, 10, &digits), [1, 0, 0, 1, 6, 2, 3, 4, 6, 3]);
        let tweak = [0x37, 0x37, 0x37, 0x37, 0x70, 0x71, 0x72, 0x73, 0x37, 0x37, 0x37];
        let plain: Vec<u16> = (0..19).collect();
        let cipher = [33, 28, 8, 10, 0, 10, 35, 17, 2, 10, 31, 34, 10, 21, 34, 35, 30, 32, 13];
        assert_eq!(sample(&tweak, 36, &plain), cipher);
    }

    #[test]
    fn a_domain_is_never_smaller_than_a_million() {
        for (alphabet, fewest) in [(Alphabet::Digits, 6), (Alphabet::Letters, 4), (Alphabet::Alphanumeric, 4)]
        {
            let cipher = Cipher::new("k", alphabet, "").expect("a cipher");
            assert_eq!(cipher.fewest, fewest);
            let sign = char::from(alphabet.signs()[0]);
            let value = |count: usize| -> String { std::iter::repeat_n(sign, count).collect() };
            assert!(cipher.tokenize(&value(fewest - 1)).is_err());
            assert!(cipher.tokenize(&value(fewest)).is_ok());
            assert!(cipher.tokenize(&value(MAX_SIGNS + 1)).is_err());
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in "[0-9a-zA-Z ./-]{12,60}é?", tweak in ".{0,8}") {
            for alphabet in [Alphabet::Digits, Alphabet::Letters, Alphabet::Alphanumeric] {
                let cipher = Cipher::new("a key", alphabet, &tweak).expect("a cipher");
                if let Ok(token) = cipher.tokenize(&value) {
                    prop_assert_eq!(token.chars().count(), value.chars().count());
                    prop_assert_eq!(cipher.detokenize(&token), Ok(value.clone()));
                }
            }
        }
    }
}

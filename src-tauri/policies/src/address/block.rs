//! One entry of an address list as it is written: an address, a network, or the first octets of one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The first and the last address of an entry. Two blocks are apart, equal, or one within the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    V4(u32, u32),
    V6(u128, u128),
}

impl Block {
    /// Whether this address is in it.
    pub(crate) fn has(self, address: IpAddr) -> bool {
        match (self, address.to_canonical()) {
            (Self::V4(first, last), IpAddr::V4(address)) => (first..=last).contains(&address.to_bits()),
            (Self::V6(first, last), IpAddr::V6(address)) => (first..=last).contains(&address.to_bits()),
            _ => false,
        }
    }
}

/// Leading bits of IPv6 that stand for an IPv4 address (RFC 4291, 2.5.5.2).
const MAPPED_BITS: u8 = 96;

impl FromStr for Block {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((address, bits)) => network(address, bits),
            None => match text.parse::<IpAddr>() {
                Ok(address) => Ok(single(address)),
                Err(_) => octets(text).ok_or_else(|| what_is_expected(text)),
            },
        }
    }
}

fn what_is_expected(text: &str) -> String {
    format!(
        "`{text}` is no address (192.168.1.5), network (192.168.0.0/16, 2001:db8::/32) or octets (192.168)"
    )
}

fn single(address: IpAddr) -> Block {
    match address.to_canonical() {
        IpAddr::V4(address) => Block::V4(address.to_bits(), address.to_bits()),
        IpAddr::V6(address) => Block::V6(address.to_bits(), address.to_bits()),
    }
}

fn network(address: &str, bits: &str) -> Result<Block, String> {
    let whole = || what_is_expected(&format!("{address}/{bits}"));
    let address: IpAddr = address.parse().map_err(|_| whole())?;
    if bits.is_empty() || !bits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(whole());
    }
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.parse().ok().filter(|bits| *bits <= most);
    let bits: u8 =
        bits.ok_or_else(|| format!("{address}/{{0..{most}}} is how long a network's prefix may be"))?;
    Ok(match (address, address.to_canonical()) {
        (IpAddr::V4(address), _) => v4(address, bits),
        (IpAddr::V6(_), IpAddr::V4(mapped)) if bits >= MAPPED_BITS => v4(mapped, bits - MAPPED_BITS),
        (IpAddr::V6(address), _) => v6(address, bits),
    })
}

/// Bits behind the prefix are of no account.
fn v4(address: Ipv4Addr, bits: u8) -> Block {
    let hosts = u32::MAX.checked_shr(bits.into()).unwrap_or(0);
    Block::V4(address.to_bits() & !hosts, address.to_bits() | hosts)
}

fn v6(address: Ipv6Addr, bits: u8) -> Block {
    let hosts = u128::MAX.checked_shr(bits.into()).unwrap_or(0);
    Block::V6(address.to_bits() & !hosts, address.to_bits() | hosts)
}

/// `192.168` as 192.168.0.0/16. A leading zero is refused as it is in whole addresses: it means octal to some.
fn octets(text: &str) -> Option<Block> {
    let mut address = [0; 4];
    let mut given = 0;
    for octet in text.split('.') {
        let is_plain = !octet.is_empty()
            && octet.bytes().all(|byte| byte.is_ascii_digit())
            && (octet.len() == 1 || !octet.starts_with('0'));
        *address.get_mut(given)? = octet.parse().ok().filter(|_| is_plain)?;
        given += 1;
    }
    Some(v4(Ipv4Addr::from(address), 8 * u8::try_from(given).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Block {
        text.parse().expect(text)
    }

    #[test]
    fn reads_every_way_to_write_a_block() {
        for (text, same) in [
            ("192.168.1.5", "192.168.1.5/32"),
            ("192.168", "192.168.0.0/16"),
            ("192.168.2", "192.168.2.0/24"),
            ("10", "10.0.0.0/8"),
            ("10.9.9.9/8", "10.0.0.0/8"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:DB8:0::5/32", "2001:db8::/32"),
            ("::ffff:10.1.2.3", "10.1.2.3"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ] {
            assert_eq!(block(text), block(same), "{text}");
        }
        assert_eq!(block("10.1.2.128/25"), Block::V4(0x0a01_0280, 0x0a01_02ff));
        assert_eq!(block("0.0.0.0/0"), Block::V4(0, u32::MAX));
        assert_eq!(block("::/0"), Block::V6(0, u128::MAX));
    }

    #[test]
    fn refuses_what_is_no_block() {
        for text in [
            "",
            " ",
            ".",
            "192.",
            ".168",
            "192.168.",
            "1.2.3.4.5",
            "256",
            "192.300",
            "010",
            "192.068",
            "1.2.3.04",
            "+1",
            "a.b",
            "192.168/16",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.1-10.0.0.9",
            "localhost",
            "[::1]",
            "10.0.0.1:80",
            "\u{661}",
        ] {
            assert!(text.parse::<Block>().is_err(), "{text}");
        }
    }
}

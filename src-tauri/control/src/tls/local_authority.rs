//! The certificate authority of this machine: makes certificates for the machine's own names, and for no public site.
//!
//! Whoever trusts it trusts whoever gets hold of its key. So its certificate says (name constraints, RFC 5280,
//! 4.2.1.10) for which names alone it can vouch: those that no public site can have, private addresses, and what the
//! operator adds when it is made.

use std::net::IpAddr;

use gatepost_gateway::CertificateFacts;
use gatepost_model::{Certificate, CertificateKind, Fault, Faults, Host, PrivateKey};
use gatepost_store::NewCertificate;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::time::ASN1Time;

use super::{DAY_MS, LOCAL_AUTHORITY, machine_hosts, pem};

/// How long the authority stands.
const AUTHORITY_DAYS: i64 = 3_652;
/// How long a certificate of it stands: what browsers take at most is 398.
const CERTIFICATE_DAYS: i64 = 397;
/// Clocks differ: from this long ago on.
const BACKDATED_MS: i64 = DAY_MS;
/// Names that no public site can have (RFC 6761, RFC 6762, RFC 8375; `internal` by ICANN's resolution of 2024).
const PRIVATE_NAMES: [&str; 5] = ["localhost", "test", "local", "internal", "home.arpa"];
/// Addresses that mean another machine to everybody (RFC 1122, RFC 1918, RFC 3927, RFC 4193, RFC 4291).
const PRIVATE_NETS: [([u8; 4], u8); 5] = [
    ([127, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([169, 254, 0, 0], 16),
];

/// Most host names of one certificate.
const MAX_HOSTS: usize = 100;

/// Host names and addresses that can stand in a certificate: lowercase, no host twice, one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Checks them; a name may begin with `*.`.
    pub fn parse(hosts: &[String]) -> Result<Self, String> {
        let mut checked: Vec<String> = Vec::new();
        for host in hosts {
            let host = host.trim().trim_start_matches('[').trim_end_matches(']');
            let host = match host.parse::<IpAddr>() {
                Ok(address) => address.to_string(),
                Err(_) => {
                    let bare = host.strip_prefix("*.").unwrap_or(host);
                    let parsed = Host::parse(bare)?;
                    if host.len() > bare.len() {
                        format!("*.{}", parsed.as_str())
                    } else {
                        parsed.as_str().into()
                    }
                }
            };
            if !checked.contains(&host) {
                checked.push(host);
            }
        }
        match checked.len() {
            0 => Err("give at least one host name".into()),
            1..=MAX_HOSTS => Ok(Self(checked)),
            _ => Err(format!("at most {MAX_HOSTS} host names")),
        }
    }

    /// As text.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// The authority, ready to sign.
pub struct LocalAuthority {
    issuer: Issuer<'static, KeyPair>,
    subject: String,
    permitted: Vec<Permitted>,
}

/// A name or net that it may vouch for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Permitted {
    /// This name and all below it.
    Name(String),
    Net(CidrSubnet),
}

impl LocalAuthority {
    /// A new one, which may vouch for `domains` as well, as it is to be kept.
    pub fn make(domains: &[String], now_ms: i64) -> Result<NewCertificate, String> {
        let random = getrandom::u64().map_err(|error| error.to_string())?;
        let machine = machine_hosts().into_iter().nth(3).unwrap_or_else(|| "this machine".to_owned());
        let mut params = dated(now_ms, AUTHORITY_DAYS)?;
        // Part of the name: two authorities that were made one after the other are never taken for each other.
        let name = format!("Gatepost local authority {random:016x} ({machine})");
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, "Gatepost");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees: permitted(domains), excluded_subtrees: Vec::new() });
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let certificate = params.self_signed(&key).map_err(|error| error.to_string())?;
        kept(LOCAL_AUTHORITY, CertificateKind::LocalAuthority, certificate.der(), &key)
    }

    /// The one in the catalog.
    pub fn of(certificate: &Certificate) -> Result<Self, String> {
        let key = certificate.key.as_ref().ok_or("the local authority has lost its key")?;
        let key = KeyPair::from_pem(key.pem()).map_err(|error| error.to_string())?;
        let issuer = Issuer::from_ca_cert_pem(&certificate.chain, key).map_err(|error| error.to_string())?;
        Ok(Self { issuer, subject: certificate.subject.clone(), permitted: permitted_by(certificate)? })
    }

    /// Whether it signed the certificate.
    pub fn issued(&self, certificate: &Certificate) -> bool {
        certificate.kind == CertificateKind::Identity && certificate.issuer == self.subject
    }

    /// A fault for each host that it may not vouch for, such as `hosts[2]`.
    pub fn check(&self, hosts: &Hosts) -> Vec<Fault> {
        let mut faults = Faults::new();
        for (n, host) in hosts.0.iter().enumerate().filter(|(_, host)| !self.may_vouch_for(host)) {
            let message = format!(
                "the local authority cannot vouch for {host}, only for {}; remove it and make it again with that \
                 domain, or bring a certificate of your own",
                self.vouches_for().join(", ")
            );
            faults.add(format!("hosts[{n}]"), message);
        }
        faults.into_vec()
    }

    /// A certificate for these hosts, with a new key, as it is to be kept. Refused for hosts that it may not vouch for.
    pub fn issue(&self, name: &str, hosts: &Hosts, now_ms: i64) -> Result<NewCertificate, String> {
        if let Some(fault) = self.check(hosts).into_iter().next() {
            return Err(fault.message);
        }
        let mut params = dated(now_ms, CERTIFICATE_DAYS)?;
        params.subject_alt_names =
            CertificateParams::new(hosts.0.clone()).map_err(|error| error.to_string())?.subject_alt_names;
        params.distinguished_name.push(DnType::OrganizationName, "Gatepost");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(|error| error.to_string())?;
        kept(name, CertificateKind::Identity, certificate.der(), &key)
    }

    /// The names it may vouch for, with all below them.
    pub fn vouches_for(&self) -> Vec<String> {
        let name = |permitted: &Permitted| match permitted {
            Permitted::Name(name) => Some(name.clone()),
            Permitted::Net(_) => None,
        };
        let names = self.permitted.iter().filter_map(name);
        names.chain(["private addresses".to_owned()]).collect()
    }

    /// Whether others would believe it about this host.
    pub fn may_vouch_for(&self, host: &str) -> bool {
        let address = host.parse::<IpAddr>();
        self.permitted.iter().any(|permitted| match (permitted, &address) {
            (Permitted::Net(net), Ok(address)) => contains(net, *address),
            (Permitted::Name(name), Err(_)) => {
                let host = host.strip_prefix("*.").unwrap_or(host);
                host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            _ => false,
        })
    }
}

fn dated(now_ms: i64, days: i64) -> Result<CertificateParams, String> {
    let at = |ms: i64| {
        let time = ASN1Time::from_timestamp(ms.div_euclid(1_000)).map_err(|error| error.to_string())?;
        Ok::<_, String>(time.to_datetime())
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = at(now_ms.saturating_sub(BACKDATED_MS))?;
    params.not_after = at(now_ms.saturating_add((days - 1) * DAY_MS))?;
    Ok(params)
}

fn kept(name: &str, kind: CertificateKind, der: &[u8], key: &KeyPair) -> Result<NewCertificate, String> {
    let facts = CertificateFacts::of(der)?;
    Ok(NewCertificate {
        name: name.to_owned(),
        kind,
        chain: pem::chain(&[der]).into(),
        key: Some(PrivateKey::new(key.serialize_pem())),
        subject: facts.subject.to_string(),
        issuer: facts.issuer.to_string(),
        hosts: facts.hosts(),
        fingerprint: facts.fingerprint.to_string(),
        not_before: facts.not_before,
        not_after: facts.not_after,
    })
}

fn permitted(domains: &[String]) -> Vec<GeneralSubtree> {
    let machine = machine_hosts();
    let machine = machine.iter().filter(|host| host.parse::<IpAddr>().is_err()).map(String::as_str);
    let mut names: Vec<&str> = Vec::new();
    for name in PRIVATE_NAMES.into_iter().chain(machine).chain(domains.iter().map(String::as_str)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let names = names.into_iter().map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let v4 = PRIVATE_NETS.into_iter().map(|(net, bits)| CidrSubnet::from_v4_prefix(net, bits));
    let mut loopback = [0; 16];
    loopback[15] = 1;
    let mut local = [0; 16];
    local[0] = 0xfc;
    let mut link = [0; 16];
    (link[0], link[1]) = (0xfe, 0x80);
    let v6 = [(loopback, 128), (local, 7), (link, 10)];
    let v6 = v6.into_iter().map(|(net, bits)| CidrSubnet::from_v6_prefix(net, bits));
    names.chain(v4.chain(v6).map(GeneralSubtree::IpAddress)).collect()
}

/// Read back from its own certificate, which is what everybody else goes by.
fn permitted_by(certificate: &Certificate) -> Result<Vec<Permitted>, String> {
    let chain = gatepost_gateway::read_chain(&certificate.chain)?;
    let der = chain.first().ok_or("has no certificate")?;
    let (_, parsed) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    let constraints = parsed.name_constraints().map_err(|error| error.to_string())?;
    let subtrees = constraints.and_then(|found| found.value.permitted_subtrees.as_ref());
    let permitted = subtrees.into_iter().flatten().filter_map(|subtree| match &subtree.base {
        GeneralName::DNSName(name) => Some(Permitted::Name((*name).to_owned())),
        GeneralName::IPAddress(bytes) => net_of(bytes).map(Permitted::Net),
        _ => None,
    });
    Ok(permitted.collect())
}

/// Address and mask, one after the other.
fn net_of(bytes: &[u8]) -> Option<CidrSubnet> {
    let (address, mask) = bytes.split_at_checked(bytes.len() / 2)?;
    match (address.try_into(), mask.try_into()) {
        (Ok(address), Ok(mask)) => Some(CidrSubnet::V4(address, mask)),
        _ => Some(CidrSubnet::V6(address.try_into().ok()?, mask.try_into().ok()?)),
    }
}

fn contains(net: &CidrSubnet, address: IpAddr) -> bool {
    let within = |address: &[u8], net: &[u8], mask: &[u8]| {
        address.iter().zip(net).zip(mask).all(|((a, n), m)| a & m == n & m)
    };
    match (net, address) {
        (CidrSubnet::V4(net, mask), IpAddr::V4(address)) => within(&address.octets(), net, mask),
        (CidrSubnet::V6(net, mask), IpAddr::V6(address)) => within(&address.octets(), net, mask),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_model::CertificateId;

    const NOW: i64 = 1_795_000_000_000;

    fn authority(domains: &[&str]) -> LocalAuthority {
        let domains: Vec<String> = domains.iter().map(ToString::to_string).collect();
        let new = LocalAuthority::make(&domains, NOW).expect("made");
        LocalAuthority::of(&certificate(new)).expect("read back")
    }

    fn certificate(new: NewCertificate) -> Certificate {
        Certificate {
            id: CertificateId(1),
            name: new.name,
            kind: new.kind,
            chain: new.chain,
            key: new.key,
            subject: new.subject,
            issuer: new.issuer,
            hosts: new.hosts,
            fingerprint: new.fingerprint,
            not_before: new.not_before,
            not_after: new.not_after,
            created_at: 0,
        }
    }

    fn hosts(hosts: &[&str]) -> Hosts {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        Hosts::parse(&hosts).expect("valid")
    }

    #[test]
    fn issues_for_the_machines_own_names() {
        let authority = authority(&[]);
        let wanted = ["localhost", "127.0.0.1", "::1", "orders.test", "*.shop.local", "192.168.1.7"];
        let issued = authority.issue("site", &hosts(&wanted), NOW).expect("issued");
        assert_eq!(issued.hosts, wanted);
        assert!((issued.not_after - NOW) / DAY_MS <= 397, "what browsers take");
        assert!(issued.not_after - NOW > 390 * DAY_MS && issued.not_before < NOW);
        assert!(authority.issued(&certificate(issued)));
    }

    #[test]
    fn vouches_for_no_public_site_unless_it_was_made_to() {
        let plain = authority(&[]);
        for foreign in ["example.com", "mytest", "8.8.8.8", "172.32.0.1", "2001:db8::1", "*.com"] {
            let why = plain.issue("site", &hosts(&[foreign]), NOW).expect_err(foreign);
            assert!(why.contains(&format!("cannot vouch for {foreign}")), "{why}");
        }
        let widened = authority(&["example.com"]);
        assert!(widened.issue("site", &hosts(&["api.example.com", "example.com"]), NOW).is_ok());
        assert!(widened.issue("site", &hosts(&["badexample.com"]), NOW).is_err());
    }

    #[test]
    fn two_authorities_are_never_taken_for_each_other() {
        let (one, other) = (authority(&[]), authority(&[]));
        let issued = certificate(one.issue("site", &hosts(&["localhost"]), NOW).expect("issued"));
        assert!(!other.issued(&issued));
    }

    #[test]
    fn hosts_are_said_once_and_well() {
        assert_eq!(hosts(&["A.test", "a.test", "[::1]", "0:0::1"]).as_slice(), ["a.test", "::1"]);
        assert!(Hosts::parse(&[]).is_err());
        assert!(Hosts::parse(&["https://a".into()]).is_err());
    }
}

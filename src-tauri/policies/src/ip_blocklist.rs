//! IP blocklist: calls from certain addresses do not pass.

use gatepost_gateway::{ActsOn, Category, Env, Policy, PolicyConfig};
use gatepost_model::Fault;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::address::{Gate, Listed, count_in_words};
use crate::conformance::{Conforms, Table, answer, differs, ours, same};

/// # IP blocklist
///
/// Answers 403 to calls from certain addresses, and lets all others pass.
///
/// | An entry | means |
/// |---|---|
/// | `192.168.1.5`, `2001:db8::1` | one address |
/// | `192.168.0.0/16`, `2001:db8::/32` | a network |
/// | `192.168`, `192.168.2` | every address that begins with these octets, here `/16` and `/24` |
///
/// IPv4 addresses written in IPv6 (`::ffff:192.168.1.5`) are IPv4 addresses, in the list and in calls.
///
/// Whose address is looked at is settled as in the IP allowlist: that of the socket; behind `trusted_proxies` the
/// right-most address of `X-Forwarded-For` or `Forwarded` that is none of them; with `ip_expression` alone the first of
/// the list that it gives, **which a caller who wants to pass can write** unless something before the gateway sees to it.
///
/// A call whose address cannot be told gets 403 as well, or it would be the way past the list. An expression that fails
/// is answered with 500.
///
/// The vendor's policy looks at the first address of `X-Forwarded-For` by default; here the default is the socket.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IpBlocklist {
    /// Addresses, networks and leading octets that may not call.
    #[schemars(length(min = 1, max = 10_000), inner(length(min = 1, max = 50)), example = ["203.0.113.0/24"])]
    ips: Vec<String>,
    /// Gives the address, or a comma-separated list of them; blank looks at the socket.
    #[serde(default)]
    #[schemars(extend("format" = "expression"), example = "#[attributes.headers['x-forwarded-for']]")]
    ip_expression: String,
    /// Addresses and networks of the proxies before the gateway, which say truthfully who called them.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 50)), example = ["10.0.0.0/8"])]
    trusted_proxies: Vec<String>,
}

impl Conforms for IpBlocklist {
    const TABLE: Table = Table {
        vendor: "ip-blocklist-flex",
        parameters: &[
            same("ips", "ips"),
            differs(
                "ipExpression",
                "ip_expression",
                "the socket's address, unless told otherwise: headers can be forged",
            ),
            ours("trusted_proxies", "takes the right-most hop that is none of these"),
        ],
        answers: &[
            answer(403, "", "refuses_with_403_who_is_on_the_list"),
            answer(500, "", "an_expression_that_fails_is_answered_with_500"),
        ],
    };
}

impl PolicyConfig for IpBlocklist {
    const NAME: &'static str = "ip-blocklist";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r#"{"ips": ["203.0.113.0/24", "198.51.100.7"]}"#;

    fn summary(&self) -> String {
        format!("nothing from {}", count_in_words(&self.ips))
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        Gate::compile(Listed::Blocked, &self.ips, &self.ip_expression, &self.trusted_proxies)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{Trial, call};

    fn trial(config: serde_json::Value) -> Trial {
        Trial::of("ip-blocklist", config)
    }

    #[test]
    fn refuses_with_403_who_is_on_the_list() {
        let trial = trial(json!({"ips": ["192.168", "2001:db8::/32"]}));
        for (from, status) in [
            ("192.168.3.4", 403),
            ("::ffff:192.168.3.4", 403),
            ("2001:db8::1", 403),
            ("192.169.0.0", 200),
            ("2001:db9::1", 200),
        ] {
            assert_eq!(trial.run(call().from(from)).status(), status, "{from}");
        }
        let refused = trial.run(call().from("192.168.3.4"));
        assert_eq!((refused.refused_by(), refused.sent_upstream().is_none()), (Some("ip-blocklist"), true));
        assert_eq!(refused.notes()[0], "192.168.3.4 is on the list as 192.168");
        assert_eq!(trial.run(call().from("9.9.9.9")).notes()[0], "9.9.9.9 is not on the list");
    }

    #[test]
    fn a_blocked_caller_cannot_hide_behind_headers() {
        let trial = trial(json!({"ips": ["9.9.9.9"], "trusted_proxies": ["10.0.0.0/8"]}));
        let told =
            |from: &str, hops: &str| trial.run(call().from(from).header("x-forwarded-for", hops)).status();
        assert_eq!(told("9.9.9.9", "1.1.1.1"), 403);
        assert_eq!(told("10.0.0.1", "1.1.1.1, 9.9.9.9"), 403);
        assert_eq!(told("10.0.0.1", "9.9.9.9, 1.1.1.1"), 200);
        assert_eq!(told("10.0.0.1", "unknown"), 403, "nobody passes by being unreadable");
    }

    #[test]
    fn the_last_of_ten_thousand_entries_counts() {
        let ips: Vec<_> = (0..10_000).map(|n| format!("10.{}.{}.1", n / 250, n % 250)).collect();
        let trial = trial(json!({ "ips": ips }));
        let status = |from: &str| trial.run(call().from(from)).status();
        assert_eq!((status("10.39.249.1"), status("10.0.0.1"), status("10.39.249.2")), (403, 403, 200));
    }

    #[test]
    fn in_shadow_it_says_whom_it_would_refuse() {
        let trial = trial(json!({"ips": ["127.0.0.1"]})).in_shadow();
        let answer = trial.run(call());
        assert_eq!((answer.status(), answer.outcomes()[0]), (200, gatepost_model::Outcome::WouldRefuse));
    }
}

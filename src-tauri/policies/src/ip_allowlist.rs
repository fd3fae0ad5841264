//! IP allowlist: only calls from certain addresses pass.

use gatepost_gateway::{ActsOn, Category, Env, Policy, PolicyConfig};
use gatepost_model::Fault;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::address::{Gate, Listed, count_in_words};
use crate::conformance::{Conforms, Table, answer, differs, ours, same};

/// # IP allowlist
///
/// Lets only calls from certain addresses pass, and answers 403 to all others.
///
/// | An entry | means |
/// |---|---|
/// | `192.168.1.5`, `2001:db8::1` | one address |
/// | `192.168.0.0/16`, `2001:db8::/32` | a network |
/// | `192.168`, `192.168.2` | every address that begins with these octets, here `/16` and `/24` |
///
/// IPv4 addresses written in IPv6 (`::ffff:192.168.1.5`) are IPv4 addresses, in the list and in calls.
///
/// Whose address is looked at:
///
/// | `trusted_proxies` | `ip_expression` | The address |
/// |---|---|---|
/// | empty | blank | that of the caller's socket |
/// | given | blank | when the socket is a trusted proxy, the right-most address of `X-Forwarded-For` or `Forwarded` that is none; else that of the socket |
/// | given | given | the same with the list that the expression gives |
/// | empty | given | the first of the list that the expression gives: **callers can write there what they like** unless something before the gateway sees to it |
///
/// A call whose address cannot be told gets 403 too: the expression has no value, a hop is no address (`unknown`), or
/// `X-Forwarded-For` and `Forwarded` name different callers. An expression that fails is answered with 500.
///
/// The vendor's policy looks at the first address of `X-Forwarded-For` by default, which any caller can write. Here the
/// default is the socket. To have the vendor's way, write `#[attributes.headers['x-forwarded-for']]` as the expression.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IpAllowlist {
    /// Addresses, networks and leading octets that may call.
    #[schemars(length(min = 1, max = 10_000), inner(length(min = 1, max = 50)), example = ["192.168.0.0/16"])]
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

impl Conforms for IpAllowlist {
    const TABLE: Table = Table {
        vendor: "ip-allowlist-flex",
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
            answer(403, "", "refuses_with_403_who_is_not_on_the_list"),
            answer(500, "", "an_expression_that_fails_is_answered_with_500"),
        ],
    };
}

impl PolicyConfig for IpAllowlist {
    const NAME: &'static str = "ip-allowlist";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: false };
    const EXAMPLE: &'static str = r#"{"ips": ["127.0.0.0/8", "::1", "192.168"]}"#;

    fn summary(&self) -> String {
        format!("only from {}", count_in_words(&self.ips))
    }

    fn compile(self, _: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        Gate::compile(Listed::Allowed, &self.ips, &self.ip_expression, &self.trusted_proxies)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{Call, Trial, call};

    fn trial(config: serde_json::Value) -> Trial {
        Trial::of("ip-allowlist", config)
    }

    /// Behind the proxies 10.0.0.0/8, allowing 203.0.113.0/24.
    fn behind_proxies() -> Trial {
        trial(json!({"ips": ["203.0.113.0/24"], "trusted_proxies": ["10.0.0.0/8"]}))
    }

    #[test]
    fn refuses_with_403_who_is_not_on_the_list() {
        let trial = trial(json!({"ips": ["192.168.1.5", "172.16.0.0/12", "10.1", "2001:db8::/32"]}));
        for from in ["192.168.1.5", "172.31.9.9", "10.1.200.3", "2001:db8::9", "::ffff:10.1.2.3"] {
            assert_eq!(trial.run(call().from(from)).status(), 200, "{from}");
        }
        for from in ["192.168.1.6", "172.32.0.1", "10.2.0.1", "2001:db9::1", "::1", "::ffff:10.2.2.3"] {
            let answer = trial.run(call().from(from));
            assert_eq!((answer.status(), answer.sent_upstream().is_none()), (403, true), "{from}");
            assert_eq!(answer.error(), "Calls from this address are not allowed");
        }
    }

    #[test]
    fn says_in_the_trail_which_address_and_which_entry() {
        let trial = trial(json!({"ips": ["10.1.2.3", "10.1"]}));
        assert_eq!(trial.run(call().from("10.1.2.3")).notes()[0], "10.1.2.3 is on the list as 10.1");
        assert_eq!(trial.run(call().from("::ffff:9.9.9.9")).notes()[0], "9.9.9.9 is not on the list");
    }

    #[test]
    fn headers_are_not_believed_by_default() {
        let trial = trial(json!({"ips": ["10.0.0.1"]}));
        let forged = call().from("9.9.9.9").header("x-forwarded-for", "10.0.0.1");
        assert_eq!(trial.run(forged.header("forwarded", "for=10.0.0.1")).status(), 403);
    }

    #[test]
    fn takes_the_rightmost_hop_that_is_no_trusted_proxy() {
        let trial = behind_proxies();
        let status = |call: Call| trial.run(call).status();
        let from_proxy = || call().from("10.0.0.1");
        let told = |hops: &str| status(from_proxy().header("x-forwarded-for", hops));
        assert_eq!(told("203.0.113.7"), 200);
        assert_eq!(told("203.0.113.7, 10.0.0.2, 10.9.9.9"), 200);
        assert_eq!(told("not read, 203.0.113.7:4000 , 10.0.0.2"), 200);
        assert_eq!(told("203.0.113.7, 198.51.100.1"), 403, "the caller wrote the first one itself");
        assert_eq!(told("203.0.113.7, 198.51.100.1, 10.0.0.2"), 403);
        let lines = from_proxy().header("x-forwarded-for", "203.0.113.7");
        assert_eq!(status(lines.header("x-forwarded-for", "198.51.100.1")), 403, "lines are one list");
        assert_eq!(status(call().from("9.9.9.9").header("x-forwarded-for", "203.0.113.7")), 403, "no proxy");
        assert_eq!(status(call().from("203.0.113.9").header("x-forwarded-for", "9.9.9.9")), 200);
        assert_eq!(status(from_proxy()), 403, "the proxy itself calls");
        let answer = trial.run(from_proxy().header("x-forwarded-for", "10.0.0.7, 10.0.0.8"));
        assert_eq!(answer.notes()[0], "10.0.0.7 is not on the list", "all are proxies: the farthest");
    }

    #[test]
    fn reads_forwarded_too() {
        let trial = behind_proxies();
        let told = |hops: &str| trial.run(call().from("::ffff:10.0.0.1").header("forwarded", hops)).status();
        assert_eq!(told("for=203.0.113.7;proto=https, for=10.0.0.2"), 200);
        assert_eq!(told("for=203.0.113.7, for=\"[2001:db8::1]:99\""), 403);
    }

    #[test]
    fn refuses_whose_address_cannot_be_told() {
        let trial = behind_proxies();
        let refused = |headers: &[(&str, &str)]| {
            let call =
                headers.iter().fold(call().from("10.0.0.1"), |call, (name, value)| call.header(name, value));
            let answer = trial.run(call);
            assert_eq!(answer.status(), 403);
            answer.notes().remove(0)
        };
        assert_eq!(
            refused(&[("x-forwarded-for", "203.0.113.7, unknown")]),
            "the hop `unknown` is no address"
        );
        assert_eq!(refused(&[("forwarded", "for=_hidden")]), "the hop `_hidden` is no address");
        assert_eq!(refused(&[("forwarded", "for=\"203.0.113.7")]), "the Forwarded header cannot be read");
        let two = [("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=198.51.100.1")];
        assert_eq!(refused(&two), "X-Forwarded-For says 203.0.113.7, Forwarded says 198.51.100.1");
        let agreeing = call().from("10.0.0.1").header("x-forwarded-for", "203.0.113.7");
        assert_eq!(trial.run(agreeing.header("forwarded", "for=203.0.113.7")).status(), 200);
    }

    #[test]
    fn an_expression_alone_gives_the_first_address_as_with_the_vendor() {
        let trial =
            trial(json!({"ips": ["10.0.0.1"], "ip_expression": "#[attributes.headers['x-forwarded-for']]"}));
        let told = |hops: &str| trial.run(call().header("x-forwarded-for", hops)).status();
        assert_eq!(
            (told("10.0.0.1, 9.9.9.9"), told("9.9.9.9, 10.0.0.1"), told("what, 10.0.0.1")),
            (200, 403, 403)
        );
        assert_eq!(trial.run(call()).notes()[0], "ip_expression has no value");
        assert_eq!((trial.run(call()).status(), told(" ,")), (403, 403));
    }

    #[test]
    fn an_expression_behind_proxies_is_read_from_the_right() {
        let trial = trial(json!({
            "ips": ["203.0.113.7"], "trusted_proxies": ["10"], "ip_expression": "#[attributes.headers['x-real-ip']]",
        }));
        let status = |from: &str, told: &str| trial.run(call().from(from).header("x-real-ip", told)).status();
        assert_eq!(status("10.0.0.1", "9.9.9.9, 203.0.113.7"), 200);
        assert_eq!(status("10.0.0.1", "203.0.113.7, 9.9.9.9"), 403);
        assert_eq!(status("9.9.9.9", "203.0.113.7"), 403);
        assert_eq!(status("10.0.0.1", "nobody"), 403);
    }

    #[test]
    fn an_expression_that_fails_is_answered_with_500() {
        let trial =
            trial(json!({"ips": ["10.0.0.1"], "ip_expression": "#[1 / sizeOf(attributes.queryString)]"}));
        let answer = trial.run(call().from("10.0.0.1"));
        assert_eq!((answer.status(), answer.sent_upstream().is_none()), (500, true));
    }

    #[test]
    fn the_socket_can_be_named_by_an_expression() {
        let trial = trial(json!({"ips": ["::1"], "ip_expression": "#[attributes.remoteAddress]"}));
        assert_eq!(trial.run(call().from("::1")).status(), 200);
        assert_eq!(trial.run(call()).status(), 403);
    }

    #[test]
    fn says_all_faults_at_once() {
        let kind = crate::kind("ip-allowlist").expect("listed");
        let states = gatepost_gateway::StateStore::new();
        let faults = |config: serde_json::Value| {
            let env = gatepost_gateway::Env::new(gatepost_model::AppliedPolicyId(1), "", &states);
            let faults = kind.compile(&config, &env).err().expect("faulty");
            faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
        };
        let all = json!({"ips": ["1.2.3.4", "300"], "ip_expression": "10.0.0.1", "trusted_proxies": ["x/8"]});
        assert_eq!(faults(all), ["ips[1]", "trusted_proxies[0]", "ip_expression"]);
        assert_eq!(faults(json!({"ips": []})), ["ips"]);
        assert_eq!(faults(json!({"ips": vec!["1.1.1.1"; 10_001]})), ["ips"]);
        assert_eq!(faults(json!({})), ["ips"]);
    }
}

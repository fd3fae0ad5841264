//! What the two address lists share: their entries, how an address is found among them, and whose address it is.

mod block;
mod caller;
mod forwarded;
mod list;

use gatepost_gateway::{Context, Decision, Policy, Refusal, Reply, Request, Step, Unrecorded, Verdict};
use gatepost_model::{Fault, Faults, Note};

pub(crate) use self::block::Block;
use self::caller::{Caller, Unknown};
use self::list::AddressList;

/// What being on the list means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    Allowed,
    Blocked,
}

/// An address list in force.
pub(crate) struct Gate {
    listed: Listed,
    list: AddressList,
    caller: Caller,
}

impl Gate {
    /// Of a policy's three parameters as they are written.
    pub(crate) fn compile(
        listed: Listed,
        ips: &[String],
        ip_expression: &str,
        trusted_proxies: &[String],
    ) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let list = AddressList::compile("ips", ips, &mut faults);
        let caller = Caller::compile(ip_expression, trusted_proxies, &mut faults);
        let Some(caller) = caller else { return Err(faults.into_vec()) };
        faults.into_result()?;
        Ok(Box::new(Self { listed, list, caller }))
    }

    fn judge(&self, request: &Request, cx: &Context) -> Decision {
        let address = self.caller.address(request, cx).map_err(|why| refuse_unknown(&why))?;
        match (self.list.find(address), self.listed) {
            (Some(entry), Listed::Allowed) => {
                Ok(Step::passed(Note::new("{} is on the list as {}").with(address).with(entry.clone())))
            }
            (None, Listed::Blocked) => Ok(Step::passed(Note::new("{} is not on the list").with(address))),
            (Some(entry), Listed::Blocked) => {
                Err(refuse(Note::new("{} is on the list as {}").with(address).with(entry.clone())))
            }
            (None, Listed::Allowed) => Err(refuse(Note::new("{} is not on the list").with(address))),
        }
    }
}

impl Policy for Gate {
    fn asks(&self) -> Unrecorded {
        self.caller.asks()
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(self.judge(request, cx))
    }
}

fn refuse(note: Note) -> Box<Refusal> {
    Refusal::of_caller(Reply::forbidden("Calls from this address are not allowed"), note)
}

/// Either list refuses whom it cannot judge: nobody passes by being unreadable.
fn refuse_unknown(why: &Unknown) -> Box<Refusal> {
    let note = why.note();
    match why {
        Unknown::Failed(_) => {
            Refusal::of_failure(Reply::failed("The address of this call could not be found"), note)
        }
        _ => refuse(note),
    }
}

/// `3 addresses`, for one-line summaries.
pub(crate) fn count_in_words(ips: &[String]) -> String {
    match ips {
        [only] => only.chars().take(50).collect(),
        ips => format!("{} addresses or ranges", ips.len()),
    }
}

//! Personal data: masked in what the caller gets and in what is kept of the call, and whole for the upstream.

use crate::program::{Backend, DataFolder, Gateway, caller, free_port, get, until};

#[test]
fn personal_data_reaches_the_upstream_and_neither_the_caller_nor_the_record() {
    let (backend, folder, port) = (Backend::start(), DataFolder::new(), free_port());
    let url = &backend.url;
    let file = format!(
        r#"
gatepost: 1
apis:
  - name: People
    listen: {{port: {port}, base_path: /people}}
    upstream: {{url: "{url}/echo"}}
    policies:
      - policy: data-masking
        config:
          rules:
            - {{kinds: [email], method: fixed}}
            - {{headers: [x-customer], query_parameters: [who], keep_last: 2}}
"#
    );
    let path = folder.write("gatepost.yaml", &file);
    let gateway = Gateway::start_on(folder, &["--config", path.to_str().expect("UTF-8")]);
    let answer = get(
        &caller(),
        &format!("http://127.0.0.1:{port}/people/jo@x.example?who=jo-4711&mail=jo%40x.example"),
        &[("x-customer", "jo-4711"), ("x-from", "jo@x.example")],
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    let echoed = answer.json();
    assert!(!answer.body.contains("jo@x.example"), "{}", answer.body);
    assert!(echoed["headers"].to_string().contains("jo-4711"), "the upstream got it whole: {echoed}");

    let id = until("the call to be recorded", || {
        gateway.show("/calls?limit=1")["calls"].get(0).map(|call| call["id"].clone())
    });
    let call = gateway.show(&format!("/calls/{id}")).to_string();
    assert!(!call.contains("jo@x.example") && !call.contains("jo%40x") && !call.contains("4711"), "{call}");
    assert!(call.contains("who=**-**11"), "{call}");
}

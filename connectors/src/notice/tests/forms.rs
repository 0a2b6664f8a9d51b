use serde_json::Value;

use super::super::{Hidden, Message, dingtalk, feishu, wecom};
use super::message;

fn hostile() -> Message {
    let line = "“\\\"\u{1}数<@all>".repeat(40);
    Message { lines: vec![line; 300], title: "题\"\\".repeat(4_000), ..message() }
}

#[test]
fn no_form_is_larger_than_its_channel_takes() {
    let many: Vec<Hidden> = (0..500).map(|at| Hidden::new(format!("ou_{at:060}"))).collect();
    for message in [hostile(), Message { to: many, ..hostile() }] {
        let wecom = wecom::form(&message);
        assert!(wecom["markdown"]["content"].as_str().unwrap().len() <= 4_096);
        assert!(feishu::form(&message).to_string().len() <= 20 * 1024 - 150);
        assert!(dingtalk::form(&message).to_string().len() <= 20_000);
    }
    let text = |value: &Value| value.to_string();
    for form in [wecom::form(&hostile()), feishu::form(&hostile()), dingtalk::form(&hostile())] {
        assert!(text(&form).contains("其余从略"), "{form}");
    }
}

#[test]
fn who_is_on_duty_is_mentioned_and_nobody_else() {
    let dingtalk = dingtalk::form(&message());
    assert_eq!(dingtalk["at"]["atMobiles"], serde_json::json!(["13800001111"]));
    assert!(dingtalk["markdown"]["text"].as_str().unwrap().ends_with("@13800001111"));
    let wecom = wecom::form(&message());
    let content = wecom["markdown"]["content"].as_str().unwrap();
    assert!(content.ends_with("<@13800001111>") && !content.contains("<@all>"), "{content}");
    let feishu = feishu::form(&message());
    let post = &feishu["content"]["post"]["zh_cn"]["content"];
    assert_eq!(post[2], serde_json::json!([{ "tag": "at", "user_id": "13800001111" }]));
    assert_eq!(post[1][0]["text"], "原因：[x](http://evil) <@all>", "a post's text is no markup");
}

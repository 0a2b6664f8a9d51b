use serde_json::{Value, json};

use super::super::{Channel, Hidden, Hook, send};
use super::sink::Server;
use super::{TOKEN, hook, message, now};
use crate::Error;

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[tokio::test]
async fn every_robot_is_sent_its_form_and_signature() {
    let server = Server::answering(200, r#"{"errcode":0,"errmsg":"ok"}"#).await;
    let url = format!("{}/robot/send?access_token={TOKEN}", server.base);
    send("ding", &Channel::Dingtalk(hook(&url, Some("this is secret"))), &message(), now()).await.unwrap();
    send("we", &Channel::Wecom(hook(&url, None)), &message(), now()).await.unwrap();
    let received = server.received();
    let (address, sign) = received[0].uri.split_once("&sign=").unwrap();
    assert_eq!(address, format!("/robot/send?access_token={TOKEN}&timestamp=1763900000123"));
    assert!(sign.ends_with("%3D") && !sign.contains(['+', '/', '=']), "{sign}");
    assert_eq!(json_of(&received[0].body)["msgtype"], "markdown");
    assert_eq!(received[1].uri, format!("/robot/send?access_token={TOKEN}"));

    let server = Server::answering(200, r#"{"code":0,"msg":"success"}"#).await;
    let url = format!("{}/open-apis/bot/v2/hook/{TOKEN}", server.base);
    send("fei", &Channel::Feishu(hook(&url, Some("this is secret"))), &message(), now()).await.unwrap();
    let body = json_of(&server.received()[0].body);
    assert_eq!((&body["timestamp"], &body["msg_type"]), (&json!("1763900000"), &json!("post")));
    assert!(body["sign"].as_str().unwrap().ends_with('='));
}

#[tokio::test]
async fn a_webhook_carries_the_document_signed_over_time_and_body() {
    let server = Server::answering(204, "").await;
    let channel = Channel::Webhook(hook(&server.base, Some("this is secret")));
    send("hook", &channel, &message(), now()).await.unwrap();
    let one = &server.received()[0];
    assert_eq!(json_of(&one.body), message().document);
    assert_eq!(one.headers["x-sluice-delivery"], "0198-1");
    assert_eq!(one.headers["x-sluice-timestamp"], "1763900000");
    assert!(one.headers["x-sluice-signature"].to_str().unwrap().starts_with("sha256="));
}

#[tokio::test]
async fn a_robot_that_says_200_and_no_is_not_believed() {
    for (answer, retryable) in [
        (r#"{"errcode":310000,"errmsg":"sign not match"}"#, false),
        (r#"{"errcode":130101,"errmsg":"send too fast"}"#, true),
        (r#"{"errcode":-1,"errmsg":"busy"}"#, true),
        ("<html>log in</html>", true),
        ("", true),
    ] {
        let server = Server::answering(200, answer).await;
        let error = send("ding", &Channel::Dingtalk(hook(&server.base, None)), &message(), now()).await.unwrap_err();
        assert!(matches!(error, Error::ChannelRefused { .. } | Error::ChannelAnswer { .. }), "{answer}: {error}");
        assert_eq!(error.retryable(), retryable, "{answer}");
    }
    let server = Server::answering(200, r#"{"code":19021,"msg":"sign match fail"}"#).await;
    let error = send("fei", &Channel::Feishu(hook(&server.base, None)), &message(), now()).await.unwrap_err();
    assert_eq!(error, Error::ChannelRefused { channel: "fei".into(), number: 19_021 });
}

#[tokio::test]
async fn redirects_are_not_followed_and_statuses_are_judged() {
    for (status, retryable) in [(302, false), (307, false), (403, false), (404, false), (429, true), (503, true)] {
        let server = Server::answering(status, "").await;
        let error = send("hook", &Channel::Webhook(hook(&server.base, None)), &message(), now()).await.unwrap_err();
        assert_eq!(error, Error::ChannelStatus { channel: "hook".into(), status });
        assert_eq!(error.retryable(), retryable);
        assert_eq!(server.received().len(), 1, "{status} was followed");
    }
}

#[tokio::test]
async fn this_network_is_reached_only_where_that_is_said() {
    let server = Server::answering(200, "").await;
    let port = server.base.rsplit(':').next().unwrap().to_owned();
    for (url, internal) in [
        (format!("https://127.0.0.1:{port}/"), false),
        (format!("https://localhost:{port}/"), false),
        (format!("https://[::ffff:127.0.0.1]:{port}/"), false),
        ("http://169.254.169.254/latest/meta-data".to_owned(), true),
    ] {
        let channel = Channel::Webhook(Hook { url: Hidden::new(&url), secret: None, internal });
        let error = send("hook", &channel, &message(), now()).await.unwrap_err();
        assert!(matches!(error, Error::ChannelAddress { .. }), "{url}: {error}");
        assert!(!error.retryable());
    }
    for url in [server.base.clone(), format!("ftp://127.0.0.1:{port}"), "nonsense".into()] {
        let channel = Channel::Webhook(Hook { url: Hidden::new(&url), secret: None, internal: false });
        let error = send("hook", &channel, &message(), now()).await.unwrap_err();
        assert!(matches!(error, Error::ChannelSetting { .. }), "{url}: {error}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let server = Server::answering(200, &"x".repeat(5_000_000)).await;
    let error = send("we", &Channel::Wecom(hook(&server.base, None)), &message(), now()).await.unwrap_err();
    assert_eq!(error, Error::ChannelAnswer { channel: "we".into() });
}

#[tokio::test]
async fn no_error_shows_address_token_or_recipient() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}/hook/{TOKEN}", closed.local_addr().unwrap());
    drop(closed);
    let refusing = Server::answering(500, TOKEN).await;
    for url in [gone, format!("{}/hook/{TOKEN}", refusing.base), format!("http://user:{TOKEN}@127.0.0.1/")] {
        let channel = Channel::Feishu(hook(&url, Some(TOKEN)));
        let error = send("fei", &channel, &message(), now()).await.unwrap_err();
        let shown = format!("{error} {error:?} {} {channel:?} {:?}", serde_json::to_string(&error).unwrap(), message());
        assert!(!shown.contains(TOKEN) && !shown.contains("127.0.0.1") && !shown.contains("13800001111"), "{shown}");
    }
}

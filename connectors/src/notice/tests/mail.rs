use super::super::{Channel, Hidden, Mail, MailTls, Message, send};
use super::sink::MailSink;
use super::{message, now};
use crate::Error;

fn mail(host: &str, port: u16) -> Mail {
    let from = "数闸 <sluice@example.gov.cn>".to_owned();
    Mail { host: host.into(), port, tls: MailTls::None, from, login: None, internal: true }
}

fn letter() -> Message {
    Message { to: vec![Hidden::new("zhang@example.gov.cn")], ..message() }
}

#[tokio::test]
async fn a_letter_arrives_in_utf8_with_subject_id_and_date() {
    let sink = MailSink::start(None).await;
    send("mail", &Channel::Email(mail("127.0.0.1", sink.port)), &letter(), now()).await.unwrap();
    let text = sink.text();
    assert!(text.contains("RCPT TO:<zhang@example.gov.cn>"), "{text}");
    assert!(text.contains("MAIL FROM:<sluice@example.gov.cn>"), "{text}");
    assert!(text.contains("Message-ID: <0198-1@example.gov.cn>"), "{text}");
    assert!(text.contains("Subject: =?utf-8?b?"), "{text}");
    assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
    assert!(text.contains("charset=utf-8"), "{text}");
    assert!(text.contains("Date: Sun, 23 Nov 2025 12:13:20 +0000"), "{text}");
}

#[tokio::test]
async fn a_server_that_says_later_is_tried_again_and_one_that_says_no_is_not() {
    for (answer, status, retryable) in [("451 later", 451, true), ("550 zhang@example.gov.cn unknown", 550, false)] {
        let sink = MailSink::start(Some(answer)).await;
        let error = send("mail", &Channel::Email(mail("127.0.0.1", sink.port)), &letter(), now()).await.unwrap_err();
        assert_eq!(error, Error::MailRefused { channel: "mail".into(), status });
        assert_eq!(error.retryable(), retryable);
    }
}

#[tokio::test]
async fn plain_mail_stays_on_this_machine_and_what_cannot_be_sent_is_said() {
    let outside = Mail { internal: true, ..mail("10.255.255.1", 25) };
    let error = send("mail", &Channel::Email(outside), &letter(), now()).await.unwrap_err();
    assert!(matches!(error, Error::ChannelSetting { .. }), "{error}");
    let sink = MailSink::start(None).await;
    for (from, to) in [("nobody", "zhang@example.gov.cn"), ("a@b.cn", "not an address"), ("a@b.cn", "")] {
        let mail = Mail { from: from.into(), ..mail("127.0.0.1", sink.port) };
        let letter = Message { to: vec![Hidden::new(to)], ..message() };
        let error = send("mail", &Channel::Email(mail), &letter, now()).await.unwrap_err();
        assert!(matches!(error, Error::ChannelSetting { .. }), "{from} {to}: {error}");
    }
    let closed = Mail { internal: false, ..mail("127.0.0.1", sink.port) };
    let error = send("mail", &Channel::Email(closed), &letter(), now()).await.unwrap_err();
    assert!(matches!(error, Error::ChannelAddress { .. }), "{error}");
    let starttls = Mail { tls: MailTls::Starttls, ..mail("127.0.0.1", sink.port) };
    let error = send("mail", &Channel::Email(starttls), &letter(), now()).await.unwrap_err();
    assert!(matches!(error, Error::ChannelSetting { .. }), "{error}");
    assert!(!sink.text().contains("RCPT"));
}

#[tokio::test]
async fn a_subject_cannot_add_headers() {
    let sink = MailSink::start(None).await;
    let hostile = Message { title: "题\r\nBcc: thief@example.com".into(), ..letter() };
    send("mail", &Channel::Email(mail("127.0.0.1", sink.port)), &hostile, now()).await.unwrap();
    assert!(!sink.text().contains("\nBcc:"), "{}", sink.text());
}

//! From an invitation to the mailbox and back, over real sockets.

#[cfg(test)]
mod server;

#[cfg(test)]
mod smtp {
    use std::time::Duration;

    use mail_parser::MessageParser;
    use tenantry_core::testing::FixedClock;
    use tenantry_core::{
        Catalog, Courier, Delivery, DeliveryState, InvitationToken, Invited, Role, RootKey, Tenantry, VendorScope,
        VerifiedEmail,
    };
    use tenantry_mail::{SetupError, SmtpBuilder, SmtpCourier, Templates};

    use crate::server::{Answers, Message, Server, Speaks, Taken};

    const FROM: &str = "Acme Software <no-reply@acme.test>";
    const LINK: &str = "https://portal.acme.test/join";

    struct World {
        app: Tenantry,
        clock: FixedClock,
        vendor: VendorScope,
    }

    impl World {
        fn new() -> Self {
            let clock = FixedClock::new();
            let builder = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([1; 32])).outbox();
            let app = builder.clock(clock.clone()).open_in_memory().wait().unwrap();
            let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait().unwrap();
            Self { app, clock, vendor }
        }

        fn invite(&self, name: &str, email: &str) -> Invited {
            self.vendor.members().invite(name, email, Role::User).wait().unwrap()
        }

        fn delivery(&self, invited: &Invited) -> Delivery {
            self.vendor.invitations().get(invited.invitation.id).wait().unwrap().delivery.unwrap()
        }
    }

    fn builder(server: &Server) -> SmtpBuilder {
        SmtpCourier::builder("localhost", FROM, LINK).port(server.port).certificate(server.certificate.as_bytes())
    }

    fn plain(server: &Server) -> SmtpCourier {
        builder(server).plain_on_loopback().build().unwrap()
    }

    /// The token in the link of the text.
    fn token(taken: &Taken) -> InvitationToken {
        let message = MessageParser::default().parse(&taken.bytes).unwrap();
        let text = message.body_text(0).unwrap();
        let link = text.lines().find_map(|line| line.strip_prefix(LINK)).unwrap();
        InvitationToken::parse(link.strip_prefix('#').unwrap()).unwrap()
    }

    #[test]
    fn d1_an_invitation_reaches_the_mailbox_and_its_link_lets_the_person_in() {
        for (speaks, password) in
            [(Speaks::Tls, Some("hunter2")), (Speaks::StartTls, Some("hunter2")), (Speaks::Plain, None)]
        {
            let (world, server) = (World::new(), Server::start(speaks, password));
            let courier = match speaks {
                Speaks::Tls => builder(&server),
                Speaks::StartTls => builder(&server).starttls(),
                Speaks::Plain => builder(&server).plain_on_loopback(),
            };
            let courier = match password {
                Some(password) => courier.credentials("portal", password),
                None => courier,
            };
            let outbox = world.app.outbox(courier.build().unwrap());
            for (name, email) in [("Bea \"B\" Müller", "Bea@acme.test"), ("漢", "ido@faß.test")] {
                let invited = world.invite(name, email);
                // Waited for and awaited: no runtime is needed.
                let run = if email.starts_with('B') {
                    outbox.deliver().wait()
                } else {
                    futures_lite::future::block_on(outbox.deliver().into_future())
                };
                assert_eq!(run.unwrap().sent, 1, "{:?}", world.delivery(&invited));
                let taken = server.take();
                assert_eq!((taken.len(), taken[0].from.as_str()), (1, "no-reply@acme.test"));
                assert_eq!(taken[0].to, [email.replace("faß", "xn--fa-hia")]);
                let message = MessageParser::default().parse(&taken[0].bytes).unwrap();
                assert_eq!(message.to().unwrap().first().unwrap().name(), Some(name));
                assert_eq!(message.subject(), Some("You are invited to join Acme Software"));
                assert_eq!(world.delivery(&invited).state, DeliveryState::Sent);
                world.app.accept_invitation(&token(&taken[0]), VerifiedEmail::new(email)).wait().unwrap();
            }
        }
    }

    #[test]
    fn d4_a_connection_that_breaks_before_the_answer_is_unknown_and_the_same_message_comes_again() {
        let (world, server) = (World::new(), Server::start(Speaks::Plain, None));
        let invited = world.invite("Bea", "bea@acme.test");
        let outbox = world.app.outbox(plain(&server));
        server.answer(Answers { message: Message::TakeAndHangUp, ..Answers::WILLING });
        for attempts in 1..=2 {
            assert_eq!(outbox.deliver().wait().unwrap().postponed, 1);
            let delivery = world.delivery(&invited);
            assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Unknown, attempts));
            assert!(delivery.reason.unwrap().starts_with("no answer to the message"));
            world.clock.advance(Duration::from_secs(60 * 60));
        }
        server.answer(Answers::WILLING);
        assert_eq!(outbox.deliver().wait().unwrap().sent, 1);
        assert_eq!(world.delivery(&invited).state, DeliveryState::Sent);
        let taken = server.take();
        assert_eq!(taken.len(), 3, "at least once");
        assert!(taken.iter().all(|mail| mail.bytes == taken[0].bytes), "to the byte, `Message-ID` included");
        // A new token is another message.
        world.vendor.invitations().resend(invited.invitation.id).wait().unwrap();
        outbox.deliver().wait().unwrap();
        let message_id =
            |taken: &Taken| MessageParser::default().parse(&taken.bytes).unwrap().message_id().unwrap().to_owned();
        assert_ne!(message_id(&server.take()[0]), message_id(&taken[0]));
        world.app.accept_invitation(&invited.token, VerifiedEmail::new("bea@acme.test")).wait().unwrap_err();
    }

    #[test]
    fn d3_what_a_server_answers_says_whether_it_is_tried_again() {
        let willing = Answers::WILLING;
        let message = |message| Answers { message, ..willing };
        for (answers, state, reason) in [
            (Answers { recipient: "550 5.1.1 no such user", ..willing }, DeliveryState::Failed, "no such user"),
            (Answers { recipient: "451 4.7.1 greylisted", ..willing }, DeliveryState::Pending, "greylisted"),
            (message(Message::Answer("554 5.7.1 spam")), DeliveryState::Failed, "spam"),
            (message(Message::Answer("452 4.3.1 full")), DeliveryState::Pending, "full"),
            (message(Message::HangUp), DeliveryState::Pending, "incomplete response"),
            // An answer of another kind than the command has: who took it for the next step's would count on the wrong ones.
            (Answers { data: "250 fine", ..willing }, DeliveryState::Pending, "out of turn"),
            (Answers { recipient: "354 go ahead", ..willing }, DeliveryState::Pending, "out of turn"),
            (message(Message::Answer("354 go ahead")), DeliveryState::Unknown, "out of turn"),
            // The host's own trouble is no reason to give the recipient up.
            (
                Answers { sender: "550 5.7.1 sender not allowed", ..willing },
                DeliveryState::Pending,
                "sender not allowed",
            ),
        ] {
            let (world, server) = (World::new(), Server::start(Speaks::Plain, None));
            let invited = world.invite("Bea", "bea@acme.test");
            server.answer(answers);
            world.app.outbox(plain(&server)).deliver().wait().unwrap();
            let delivery = world.delivery(&invited);
            assert_eq!(delivery.state, state, "{reason}");
            assert!(delivery.reason.as_ref().is_some_and(|shown| shown.contains(reason)), "{:?}", delivery.reason);
            assert_eq!(server.take().len(), 0);
        }
    }

    #[test]
    fn d3_a_wrong_password_and_a_server_that_is_away_leave_the_mail_waiting() {
        let (world, server) = (World::new(), Server::start(Speaks::Tls, Some("hunter2")));
        let invited = world.invite("Bea", "bea@acme.test");
        let courier = builder(&server).credentials("portal", "hunter3").build().unwrap();
        assert!(!format!("{courier:?} {:?}", builder(&server).credentials("portal", "hunter3")).contains("hunter3"));
        world.app.outbox(courier).deliver().wait().unwrap();
        let delivery = world.delivery(&invited);
        assert_eq!(delivery.state, DeliveryState::Pending);
        // The server repeats the command, which has the password in it; whoever invited sees the reason.
        assert_eq!(delivery.reason.as_deref(), Some("localhost: signing in was refused (535)"));
        assert!(!server.heard().contains(&"MAIL".to_owned()));
        // Nobody listens at the port of a service that died out long ago.
        let away = SmtpCourier::builder("localhost", FROM, LINK).port(1).plain_on_loopback().build().unwrap();
        world.clock.advance(Duration::from_secs(60 * 60));
        world.app.outbox(away).deliver().wait().unwrap();
        assert_eq!(world.delivery(&invited).state, DeliveryState::Pending);
        let courier = builder(&server).credentials("portal", "hunter2").build().unwrap();
        world.clock.advance(Duration::from_secs(60 * 60));
        assert_eq!(world.app.outbox(courier).deliver().wait().unwrap().sent, 1);
    }

    #[test]
    fn nothing_is_said_to_a_server_that_does_not_encrypt_or_is_another_one() {
        let world = World::new();
        let invited = world.invite("Bea", "bea@acme.test");
        let plain = Server::start(Speaks::Plain, Some("hunter2"));
        let tls = Server::start(Speaks::Tls, Some("hunter2"));
        let unknown = SmtpCourier::builder("localhost", FROM, LINK).port(tls.port);
        let couriers = [
            // A server without STARTTLS, or somebody on the way who took it out.
            builder(&plain).starttls(),
            builder(&plain),
            // The certificate is nobody's whom the machine trusts.
            unknown,
            // Nor is it that of this name.
            SmtpCourier::builder("127.0.0.2", FROM, LINK).port(tls.port).certificate(tls.certificate.as_bytes()),
            // Unencrypted mail leaves the machine to nowhere.
            SmtpCourier::builder("192.0.2.1", FROM, LINK).plain_on_loopback(),
        ];
        for courier in couriers {
            let courier = courier.credentials("portal", "hunter2").build().unwrap();
            let run = world.app.outbox(courier.clone()).deliver().wait().unwrap();
            assert_eq!((run.sent, run.postponed), (0, 1), "{courier:?}");
            assert_eq!(world.delivery(&invited).state, DeliveryState::Pending);
            for server in [&plain, &tls] {
                let heard = server.heard();
                assert!(!heard.iter().any(|word| ["AUTH", "MAIL", "DATA"].contains(&word.as_str())), "{heard:?}");
            }
            world.clock.advance(Duration::from_secs(60 * 60));
        }
    }

    #[test]
    fn d4_what_was_said_before_the_encryption_is_no_answer_after_it() {
        // Somebody on the way appends to the last answer in the clear what the server would say behind the encryption.
        for forged in [
            "220 go ahead\r\n250 evil\r\n250 fine\r\n250 fine\r\n354 go ahead\r\n250 2.0.0 queued as 42",
            "220 go ahead\r\n250 evil\r\nwhat?\r\n250 fine\r\n250 fine\r\n354 go ahead\r\n250 2.0.0 queued as 42",
            // Only so much that every answer is that to the command before.
            "220 go ahead\r\n250 evil",
        ] {
            let (world, server) = (World::new(), Server::start(Speaks::StartTls, None));
            let invited = world.invite("Bea", "bea@acme.test");
            let answer = Message::Answer("554 5.7.1 spam");
            server.answer(Answers { encrypt: forged, message: answer, ..Answers::WILLING });
            let run = world.app.outbox(builder(&server).starttls().build().unwrap()).deliver().wait().unwrap();
            assert_eq!((run.sent, run.postponed), (0, 1), "{forged}");
            assert_eq!(world.delivery(&invited).state, DeliveryState::Pending);
            assert!(!server.heard().contains(&"DATA".to_owned()) || !forged.contains("354"), "{forged}");
        }
    }

    #[test]
    fn the_hosts_own_templates_are_used_whatever_stands_in_them() {
        let (world, server) = (World::new(), Server::start(Speaks::Plain, None));
        let templates = Templates::new()
            .subject("Einladung: {{ place }}\n")
            .text("Grüße\n.\n..\nMAIL FROM:<x@x.test>\nhttps://portal.acme.test/join#{{ token }}\n")
            .html("<a href=\"{{ link }}\">{{ name }}</a>");
        let courier = builder(&server).plain_on_loopback().templates(templates).build().unwrap();
        world.invite("<b>Bea</b>", "bea@acme.test");
        assert_eq!(world.app.outbox(courier).deliver().wait().unwrap().sent, 1);
        let taken = server.take();
        let message = MessageParser::default().parse(&taken[0].bytes).unwrap();
        assert_eq!(message.subject(), Some("Einladung: Acme Software"));
        let text = message.body_text(0).unwrap().replace("\r\n", "\n");
        assert!(text.starts_with("Grüße\n.\n..\nMAIL FROM:<x@x.test>\nhttps://"), "{text}");
        assert!(message.body_html(0).unwrap().contains(">&lt;b&gt;Bea&lt;&#x2f;b&gt;</a>"));
        world.app.accept_invitation(&token(&taken[0]), VerifiedEmail::new("bea@acme.test")).wait().unwrap();
    }

    #[test]
    fn a_courier_that_could_not_work_is_not_made() {
        let with = |from: &str, link: &str| SmtpCourier::builder("localhost", from, link).build().map(drop);
        for from in ["", "acme", "Acme <acme>", "a@x.test\r\nBcc: b@x.test", "a@x.test, b@x.test"] {
            assert!(matches!(with(from, LINK), Err(SetupError::Sender(_))), "{from:?}");
        }
        for link in [
            "portal.acme.test/join",
            "http://portal.acme.test/join",
            "http://127.0.0.1.evil.test/",
            "ftp://localhost/",
            "javascript:alert(1)",
            "mailto:ada@acme.test",
            "https://portal.acme.test/join#",
            "https://portal.acme.test/join#token=",
        ] {
            assert!(matches!(with(FROM, link), Err(SetupError::Link { .. })), "{link}");
        }
        for link in [LINK, "http://localhost:8000/join", "http://127.0.0.1/join?x=1", "http://[::1]/join"] {
            with(FROM, link).unwrap();
        }
        let builder = || SmtpCourier::builder("localhost", FROM, LINK);
        let broken = builder().templates(Templates::new().text("no link")).build();
        assert!(matches!(broken, Err(SetupError::Template(_))));
        let broken = builder().certificate(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").build();
        assert!(matches!(broken, Err(SetupError::Tls(_) | SetupError::Certificate(_))));
        // It is handed to another thread, and kept as long as the host likes.
        fn takes<T: Courier + Clone>(_: T) {}
        takes(builder().build().unwrap());
    }
}

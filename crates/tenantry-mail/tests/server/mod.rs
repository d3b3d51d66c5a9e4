//! A mail server on this machine: it speaks SMTP over real sockets, and misbehaves as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How it speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    Plain,
    Tls,
    StartTls,
}

/// What it does with a message.
#[derive(Clone, Copy)]
pub(crate) enum Message {
    /// Answers this, and keeps the message when it says that it took it.
    Answer(&'static str),
    /// Hangs up before the message.
    HangUp,
    /// Takes the message, and hangs up before it says so.
    TakeAndHangUp,
}

/// What it answers.
#[derive(Clone, Copy)]
pub(crate) struct Answers {
    /// To the request to encrypt; what stands in further lines is said in the clear with it.
    pub encrypt: &'static str,
    pub sender: &'static str,
    pub recipient: &'static str,
    pub data: &'static str,
    pub message: Message,
}

impl Answers {
    pub(crate) const WILLING: Self = Self {
        encrypt: "220 go ahead",
        sender: "250 fine",
        recipient: "250 fine",
        data: "354 go ahead",
        message: Message::Answer("250 2.0.0 queued as 42"),
    };
}

/// A message that it took.
#[derive(Clone)]
pub(crate) struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub bytes: Vec<u8>,
}

struct Shared {
    speaks: Speaks,
    password: Option<&'static str>,
    tls: Arc<ServerConfig>,
    answers: Mutex<Answers>,
    heard: Mutex<Vec<String>>,
    taken: Mutex<Vec<Taken>>,
}

pub(crate) struct Server {
    pub port: u16,
    pub certificate: String,
    shared: Arc<Shared>,
}

impl Server {
    /// Begins to listen; with a password it lets nobody send who does not sign in with it as `portal`.
    pub(crate) fn start(speaks: Speaks, password: Option<&'static str>) -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let shared = Arc::new(Shared {
            speaks,
            password,
            tls: Arc::new(tls),
            answers: Mutex::new(Answers::WILLING),
            heard: Mutex::default(),
            taken: Mutex::default(),
        });
        let (port, own) = (listener.local_addr().unwrap().port(), Arc::clone(&shared));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&own);
                // A connection that breaks is what is tried here.
                thread::spawn(move || drop(shared.serve(stream)));
            }
        });
        Self { port, certificate: made.cert.pem(), shared }
    }

    pub(crate) fn answer(&self, answers: Answers) {
        *self.shared.answers.lock().unwrap() = answers;
    }

    /// The messages that it took since it was last asked.
    pub(crate) fn take(&self) -> Vec<Taken> {
        std::mem::take(&mut *self.shared.taken.lock().unwrap())
    }

    /// The first words of the commands that it heard since it was last asked.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.heard.lock().unwrap())
    }
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Shared {
    fn encrypted(&self, stream: TcpStream) -> Box<dyn Stream> {
        Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(&self.tls)).unwrap(), stream))
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let raw = stream.try_clone()?;
        let stream = if self.speaks == Speaks::Tls { self.encrypted(stream) } else { Box::new(stream) };
        let mut stream = BufReader::new(stream);
        let mut signed_in = self.password.is_none();
        let mut encrypted = self.speaks == Speaks::Tls;
        let mut mail = Taken { from: String::new(), to: Vec::new(), bytes: Vec::new() };
        say(&mut stream, "220 test ESMTP")?;
        loop {
            let line = line(&mut stream)?;
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let word = text.split(' ').next().unwrap_or_default().to_uppercase();
            self.heard.lock().unwrap().push(word.clone());
            let answers = *self.answers.lock().unwrap();
            match word.as_str() {
                "EHLO" if self.speaks == Speaks::StartTls && !encrypted => {
                    say(&mut stream, "250-test\r\n250 STARTTLS")?;
                }
                "EHLO" => say(&mut stream, "250-test\r\n250 AUTH PLAIN LOGIN")?,
                "STARTTLS" => {
                    say(&mut stream, answers.encrypt)?;
                    stream = BufReader::new(self.encrypted(raw.try_clone()?));
                    encrypted = true;
                }
                "AUTH" => {
                    let expected = self.password.map(plain);
                    signed_in = expected.is_none_or(|expected| text == format!("AUTH PLAIN {expected}"));
                    // Servers there are that repeat what they refuse.
                    let refusal = format!("535 5.7.8 wrong password: {text}");
                    say(&mut stream, if signed_in { "235 welcome" } else { &refusal })?;
                }
                "MAIL" if !signed_in => say(&mut stream, "530 sign in first")?,
                "MAIL" => {
                    mail = Taken { from: path(&text), to: Vec::new(), bytes: Vec::new() };
                    say(&mut stream, answers.sender)?;
                }
                "RCPT" => {
                    mail.to.push(path(&text));
                    say(&mut stream, answers.recipient)?;
                }
                "DATA" if matches!(answers.message, Message::HangUp) => return Ok(()),
                "DATA" if !answers.data.starts_with('3') => say(&mut stream, answers.data)?,
                "DATA" => {
                    say(&mut stream, answers.data)?;
                    mail.bytes = message(&mut stream)?;
                    match answers.message {
                        Message::Answer(answer) => {
                            if answer.starts_with('2') {
                                self.taken.lock().unwrap().push(mail.clone());
                            }
                            say(&mut stream, answer)?;
                        }
                        Message::TakeAndHangUp => {
                            self.taken.lock().unwrap().push(mail);
                            return Ok(());
                        }
                        Message::HangUp => return Ok(()),
                    }
                }
                "QUIT" => return say(&mut stream, "221 bye"),
                _ => say(&mut stream, "500 what?")?,
            }
        }
    }
}

fn say(stream: &mut BufReader<Box<dyn Stream>>, line: &str) -> std::io::Result<()> {
    let stream = stream.get_mut();
    // At once: what stands in further lines arrives with the first.
    stream.write_all(format!("{line}\r\n").as_bytes())?;
    stream.flush()
}

fn line(stream: &mut BufReader<Box<dyn Stream>>) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

/// A message up to the line with a single dot, without the dots that were put before others.
fn message(stream: &mut BufReader<Box<dyn Stream>>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let line = line(stream)?;
        if line == b".\r\n" {
            return Ok(bytes);
        }
        bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

/// The address between the angle brackets of a command.
fn path(text: &str) -> String {
    let path = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map_or_else(String::new, |(path, _)| path.to_owned())
}

/// What `AUTH PLAIN` says for this password.
fn plain(password: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = format!("\0portal\0{password}").into_bytes();
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let is_there = digit <= chunk.len();
            text.push(if is_there { char::from(DIGITS[(group >> (18 - 6 * digit)) as usize & 63]) } else { '=' });
        }
    }
    text
}

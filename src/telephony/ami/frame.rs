//! Cuts the byte stream of the manager interface into packets, within bounds, and finds its way back after nonsense.

/// The longest line, in bytes; longer ones spoil their packet.
pub const LINE_BYTES_MAX: usize = 4_096;
/// The most lines of a packet; more spoil it.
pub const PACKET_LINES_MAX: usize = 128;
/// How much nonsense is passed over before the other side is no Asterisk, in bytes.
pub const NONSENSE_BYTES_MAX: usize = 1024 * 1024;

/// One packet: its headers in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packet(Vec<(String, String)>);

impl Packet {
    /// The first header of this name, whatever its case; empty ones and `<unknown>` are none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(held, _)| held.eq_ignore_ascii_case(name))?;
        (!value.is_empty() && value != "<unknown>" && value != "(null)").then_some(value)
    }

    /// The event's name; a response has none.
    #[must_use]
    pub fn event(&self) -> Option<&str> {
        self.get("Event")
    }

    /// The headers.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        let mut framer = Framer::default();
        let packets = framer.push(format!("{}\r\n\r\n", text.trim().replace('\n', "\r\n")).as_bytes()).unwrap();
        packets.into_iter().next().unwrap().unwrap()
    }
}

/// The other side sends no packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("对方不是 Asterisk 管理接口 / the other side does not speak the manager interface")]
pub struct Nonsense;

/// A packet that broke a bound or had no header; it is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoiled;

/// Gathers bytes into packets.
#[derive(Debug, Default)]
pub struct Framer {
    line: Vec<u8>,
    packet: Packet,
    spoiled: bool,
    /// Bytes passed over since the last good packet.
    nonsense: usize,
}

impl Framer {
    /// Takes in bytes as they came; gives the packets that are whole now.
    ///
    /// # Errors
    /// When too much came that is no packet.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Result<Packet, Spoiled>>, Nonsense> {
        let mut packets = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                if self.line.len() < LINE_BYTES_MAX {
                    self.line.push(*byte);
                } else {
                    self.spoiled = true;
                    self.pass_over(1)?;
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if line.is_empty() {
                packets.extend(self.end());
            } else {
                self.take(line)?;
            }
        }
        Ok(packets)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Nonsense> {
        let text = String::from_utf8_lossy(line);
        match text.split_once(':') {
            Some((name, value)) if !self.spoiled && self.packet.0.len() < PACKET_LINES_MAX => {
                self.packet.0.push((name.trim().to_owned(), value.trim().to_owned()));
                Ok(())
            }
            Some(_) | None => {
                self.spoiled = true;
                self.pass_over(line.len())
            }
        }
    }

    fn pass_over(&mut self, bytes: usize) -> Result<(), Nonsense> {
        self.nonsense = self.nonsense.saturating_add(bytes);
        if self.nonsense > NONSENSE_BYTES_MAX { Err(Nonsense) } else { Ok(()) }
    }

    /// An empty line; several in a row are one.
    fn end(&mut self) -> Option<Result<Packet, Spoiled>> {
        let packet = std::mem::take(&mut self.packet);
        if std::mem::take(&mut self.spoiled) {
            return Some(Err(Spoiled));
        }
        if packet.0.is_empty() {
            return None;
        }
        self.nonsense = 0;
        Some(Ok(packet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<Result<Packet, Spoiled>> {
        Framer::default().push(bytes).unwrap()
    }

    #[test]
    fn a_packet_ends_with_an_empty_line() {
        let packets =
            all(b"Event: Hangup\r\nUniqueid: 1.2\r\nCallerIDNum: <unknown>\r\n\r\n\r\nResponse: Success\nPing: Pong\n\nEvent: Half\r\n");
        assert_eq!(packets.len(), 2);
        let first = packets.first().unwrap().as_ref().unwrap();
        assert_eq!((first.event(), first.get("uniqueid"), first.get("CallerIDNum")), (Some("Hangup"), Some("1.2"), None));
        assert_eq!(packets.last().unwrap().as_ref().unwrap().get("Ping"), Some("Pong"));
    }

    #[test]
    fn what_breaks_a_bound_spoils_only_its_packet() {
        let line = |length: usize| format!("X: {}\r\n\r\nEvent: A\r\n\r\n", "x".repeat(length - 3));
        assert_eq!(all(line(LINE_BYTES_MAX - 1).as_bytes()).iter().filter(|packet| packet.is_ok()).count(), 2);
        assert_eq!(all(line(LINE_BYTES_MAX + 2).as_bytes()).iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true]);
        let lines = |count: usize| "A: b\r\n".repeat(count) + "\r\nEvent: A\r\n\r\n";
        assert_eq!(all(lines(PACKET_LINES_MAX).as_bytes()).iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true]);
        assert_eq!(all(lines(PACKET_LINES_MAX + 1).as_bytes()).iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true]);
        assert_eq!(all(b"no header\r\n\r\nEvent: A\r\n\r\n").iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn endless_nonsense_ends() {
        let mut framer = Framer::default();
        let chunk = vec![b'x'; NONSENSE_BYTES_MAX / 2];
        assert!(framer.push(&chunk).is_ok());
        assert!(framer.push(&chunk).is_ok());
        assert_eq!(framer.push(&chunk), Err(Nonsense));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_are_cut(bytes in proptest::collection::vec(prop_oneof![
            Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'A'), Just(0xff), any::<u8>()
        ], 0..400), cuts in proptest::collection::vec(1usize..9, 1..80)) {
            let mut framer = Framer::default();
            let (mut cut, mut rest) = (Vec::new(), &bytes[..]);
            for length in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (head, tail) = rest.split_at((*length).min(rest.len()));
                cut.extend(framer.push(head).unwrap());
                rest = tail;
            }
            prop_assert_eq!(cut, all(&bytes));
        }
    }
}

//! Compressed input: gzip, xz and Zstandard, recognized by the first bytes.

use std::io::{self, Chain, Cursor, Read};

/// A compressed format.
struct Format {
    /// The name, which is also that of the program that decompresses it.
    name: &'static str,
    magic: &'static [u8],
}

const GZIP: Format = Format { name: "gzip", magic: b"\x1f\x8b" };
const XZ: Format = Format { name: "xz", magic: b"\xfd7zXZ\0" };
const ZSTD: Format = Format { name: "zstd", magic: b"\x28\xb5\x2f\xfd" };
/// A Zstandard frame that decoders skip; the lower half of its first byte has no meaning.
const ZSTD_SKIPPABLE: Format = Format { name: "zstd", magic: b"\x50\x2a\x4d\x18" };
const BZIP2: Format = Format { name: "bzip2", magic: b"BZh" };
const LZ4: Format = Format { name: "lz4", magic: b"\x04\x22\x4d\x18" };
const FORMATS: [Format; 6] = [GZIP, XZ, ZSTD, ZSTD_SKIPPABLE, BZIP2, LZ4];

impl Format {
    /// Returns the error for a format that is not decompressed.
    fn refusal(&self) -> io::Error {
        let name = self.name;
        io::Error::other(format!(
            "compressed with {name}, which this build does not read; pipe it through `{name} -dc`"
        ))
    }
}

/// An input whose first bytes have been read already.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// Reads only as far as it takes to recognize a compressed format.
fn peek<R: Read>(mut input: R) -> io::Result<(Option<Format>, Peeked<R>)> {
    let (mut read, mut head) = (Vec::new(), Vec::new());
    while FORMATS.iter().any(|f| f.magic.len() > head.len() && f.magic.starts_with(&head)) {
        let mut byte = [0];
        if input.read(&mut byte)? == 0 {
            break;
        }
        read.extend(byte);
        let is_skippable = head.is_empty() && byte[0] & 0xf0 == 0x50;
        head.push(if is_skippable { 0x50 } else { byte[0] });
    }
    let format = FORMATS.into_iter().find(|format| head == format.magic);
    Ok((format, Cursor::new(read).chain(input)))
}

#[cfg(not(feature = "compression"))]
/// Refuses compressed input, and returns any other as it is.
pub(crate) fn decompress<R: Read>(input: R) -> io::Result<impl Read + use<R>> {
    let (format, input) = peek(input)?;
    match format {
        None => Ok(input),
        Some(format) => Err(format.refusal()),
    }
}

#[cfg(feature = "compression")]
pub(crate) use with_crates::decompress;

#[cfg(feature = "compression")]
mod with_crates {
    use super::{Format, GZIP, Peeked, XZ, ZSTD, peek};
    use flate2::bufread::MultiGzDecoder;
    use lzma_rust2::{Action, XzStream};
    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
    use std::io::{self, BufReader, Read};

    /// An input that is decompressed if it is compressed.
    pub(crate) enum Decompressed<R: Read> {
        Plain(Peeked<R>),
        Gzip(MultiGzDecoder<BufReader<Peeked<R>>>),
        Xz(Box<Xz<BufReader<Peeked<R>>>>),
        Zstd(Box<Zstd<BufReader<Peeked<R>>>>),
    }

    /// Decompresses the input if it is compressed.
    pub(crate) fn decompress<R: Read>(input: R) -> io::Result<Decompressed<R>> {
        let (format, input) = peek(input)?;
        let Some(format) = format else { return Ok(Decompressed::Plain(input)) };
        let input = BufReader::new(input);
        match format.name {
            "gzip" => Ok(Decompressed::Gzip(MultiGzDecoder::new(input))),
            "xz" => Ok(Decompressed::Xz(Box::new(Xz::new(input)))),
            "zstd" => Ok(Decompressed::Zstd(Box::new(Zstd::new(input)))),
            _ => Err(format.refusal()),
        }
    }

    impl<R: Read> Read for Decompressed<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self {
                Self::Plain(input) => input.read(buffer),
                Self::Gzip(input) => input.read(buffer).map_err(|error| GZIP.error(&error)),
                Self::Xz(input) => input.read(buffer).map_err(|error| XZ.error(&error)),
                Self::Zstd(input) => input.read(buffer).map_err(|error| ZSTD.error(&error)),
            }
        }
    }

    impl Format {
        fn error(&self, error: &io::Error) -> io::Error {
            let name = self.name;
            io::Error::other(match error.kind() {
                io::ErrorKind::UnexpectedEof => format!("the {name} data is truncated"),
                _ => format!("the {name} data is malformed: {error}"),
            })
        }
    }

    /// A sequence of xz streams.
    ///
    /// `lzma_rust2::XzReader` returns nothing of a chunk that is cut.
    pub(crate) struct Xz<R> {
        input: R,
        stream: XzStream,
        /// The error to return after all bytes that were decoded before it.
        error: Option<io::Error>,
    }

    impl<R> Xz<R> {
        fn new(input: R) -> Self {
            Self { input, stream: XzStream::new(true), error: None }
        }
    }

    impl<R: io::BufRead> Read for Xz<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            loop {
                let compressed = self.input.fill_buf()?;
                let action = if compressed.is_empty() { Action::Finish } else { Action::Run };
                let before = self.stream.total_out();
                let result = match self.stream.process(compressed, buffer, action) {
                    Ok(result) => result,
                    // The stream has filled a part of the buffer, but does not return its length.
                    Err(error) => match usize::try_from(self.stream.total_out() - before) {
                        Ok(count) if count > 0 => {
                            self.error = Some(error);
                            return Ok(count);
                        }
                        _ => return Err(error),
                    },
                };
                self.input.consume(result.bytes_consumed);
                if result.bytes_produced > 0 || buffer.is_empty() || action == Action::Finish {
                    return Ok(result.bytes_produced);
                }
            }
        }
    }

    /// A sequence of Zstandard frames.
    ///
    /// `ruzstd::decoding::StreamingDecoder` reads one frame only, and keeps the last window of a
    /// frame that is cut.
    pub(crate) struct Zstd<R> {
        input: R,
        frame: FrameDecoder,
        /// The error to return after all bytes that were decoded before it.
        error: Option<io::Error>,
    }

    impl<R> Zstd<R> {
        fn new(input: R) -> Self {
            Self { input, frame: FrameDecoder::new(), error: None }
        }
    }

    impl<R: io::BufRead> Read for Zstd<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            loop {
                let count = self.frame.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
                if let Some(error) = self.error.take() {
                    return Err(error);
                }
                if !self.frame.is_finished() {
                    let one = BlockDecodingStrategy::UptoBlocks(1);
                    if let Err(error) = self.frame.decode_blocks(&mut self.input, one) {
                        self.error = Some(self.describe(error));
                        // An empty last block and a checksum end the frame, so that the decoder
                        // returns what it keeps of it.
                        let end = &[1, 0, 0, 0, 0, 0, 0][..];
                        let _ = self.frame.decode_blocks(end, BlockDecodingStrategy::All);
                    }
                    continue;
                }
                let expected = self.frame.get_checksum_from_data();
                if expected.is_some() && expected != self.frame.get_calculated_checksum() {
                    return Err(io::Error::other("the checksum differs"));
                }
                if self.input.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                match self.frame.reset(&mut self.input) {
                    Ok(()) => {}
                    Err(FrameDecoderError::ReadFrameHeaderError(
                        ReadFrameHeaderError::SkipFrame { length, .. },
                    )) => {
                        io::copy(&mut self.input.by_ref().take(length.into()), &mut io::sink())?;
                    }
                    Err(error) => return Err(self.describe(error)),
                }
            }
        }
    }

    impl<R: io::BufRead> Zstd<R> {
        /// The decoder does not return the input's own error.
        fn describe(&mut self, error: FrameDecoderError) -> io::Error {
            match self.input.fill_buf() {
                Ok([]) => io::ErrorKind::UnexpectedEof.into(),
                _ => io::Error::other(error),
            }
        }
    }
}

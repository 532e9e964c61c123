//! Files that grow by whole pieces and are replaced by new ones from time to time.

use super::timer::{Timer, ns};
use std::fs::{File, OpenOptions};
use std::io::{self, Stdout, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file that never keeps a part of a piece, and that can be rotated.
///
/// A file that exists is continued. If it rotates by time, each file has the time in its name, in UTC:
/// `flows.ipfix` becomes `flows-20261125T033000Z.ipfix` and so on.
#[derive(Debug)]
pub struct LogFile {
    name: PathBuf,
    interval: Option<Duration>,
    path: PathBuf,
    output: Output,
    /// The number of bytes in whole pieces.
    length: u64,
    /// Runs if the file rotates at an interval.
    age: Option<Timer>,
}

#[derive(Debug)]
enum Output {
    File(File),
    Stdout(Stdout),
}

impl LogFile {
    /// Opens the file, or the first of the files if they rotate at an interval.
    ///
    /// # Errors
    /// Returns an error if the file can be neither opened nor created.
    pub fn open(name: &Path, interval: Option<Duration>, now: u64) -> io::Result<Self> {
        let path = file_name(name, interval, now);
        let (file, length) = append(&path)?;
        let age = interval.map(|interval| Timer::new(now, ns(interval)));
        let output = Output::File(file);
        Ok(Self { name: name.to_owned(), interval, path, output, length, age })
    }

    /// Creates the file, and discards what a file of that name contains.
    ///
    /// # Errors
    /// Returns an error if the file can be neither opened nor created.
    pub fn create(name: &Path) -> io::Result<Self> {
        let output = Output::File(File::create(name)?);
        let (name, path) = (name.to_owned(), name.to_owned());
        Ok(Self { name, interval: None, path, output, length: 0, age: None })
    }

    /// Returns standard output, which cannot be rotated.
    #[must_use]
    pub fn stdout() -> Self {
        let output = Output::Stdout(io::stdout());
        let (name, path) = (PathBuf::from("-"), PathBuf::from("-"));
        Self { name, interval: None, path, output, length: 0, age: None }
    }

    /// Appends a piece.
    ///
    /// # Errors
    /// Returns an error if the piece cannot be written. The file then ends with the piece before.
    pub fn write_whole(&mut self, piece: &[u8]) -> io::Result<()> {
        let result = match &mut self.output {
            Output::File(file) => file.write_all(piece).inspect_err(|_| {
                // A pipe or device has no length that could be set.
                let _ = file.set_len(self.length);
            }),
            Output::Stdout(stdout) => stdout.write_all(piece).and_then(|()| stdout.flush()),
        };
        if result.is_ok() {
            self.length += piece.len() as u64;
        }
        result
    }

    /// Cuts off what follows the last whole piece, which a crash of an earlier program may have left.
    ///
    /// `whole` returns the number of bytes in whole pieces. Does nothing for standard output, for devices
    /// and for empty files.
    ///
    /// # Errors
    /// Returns the error of `whole`, or an error if the file can be neither read nor cut.
    pub fn cut(&mut self, whole: impl FnOnce(&mut File) -> io::Result<u64>) -> io::Result<()> {
        let Output::File(file) = &self.output else { return Ok(()) };
        if self.length > 0 {
            let whole = whole(&mut File::open(&self.path)?)?;
            if whole < self.length {
                file.set_len(whole)?;
                self.length = whole;
            }
        }
        Ok(())
    }

    /// Returns `true` if the file is as old as the interval.
    #[must_use]
    pub fn is_rotation_due(&self, now: u64) -> bool {
        self.age.is_some_and(|age| age.is_due(now))
    }

    /// Returns the time at which the file is as old as the interval.
    #[must_use]
    pub fn next_rotation(&self) -> u64 {
        self.age.map_or(u64::MAX, Timer::end)
    }

    /// Opens the next file, or the same name again if the files do not rotate at an interval.
    ///
    /// The latter is for programs like logrotate, which rename the file before.
    ///
    /// # Errors
    /// Returns an error if the file can be neither opened nor created. The old one stays in use.
    pub fn rotate(&mut self, now: u64) -> io::Result<()> {
        // An error does not start attempts without a pause.
        self.age = self.interval.map(|interval| Timer::new(now, ns(interval)));
        if let Output::File(file) = &mut self.output {
            let path = file_name(&self.name, self.interval, now);
            (*file, self.length) = append(&path)?;
            self.path = path;
        }
        Ok(())
    }

    /// Returns the path of the current file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the number of bytes in the current file.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }
}

fn append(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// Returns the name of a file that is started at a time.
fn file_name(name: &Path, interval: Option<Duration>, now: u64) -> PathBuf {
    if interval.is_none() {
        return name.to_owned();
    }
    let mut file = name.file_stem().unwrap_or_default().to_owned();
    file.push(format!("-{}", utc(now / 1_000_000_000)));
    if let Some(extension) = name.extension() {
        file.push(".");
        file.push(extension);
    }
    name.with_file_name(file)
}

/// Returns a time in seconds since the Unix epoch in the basic format of ISO 8601.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut day) = (1970, days);
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{:02}T{hour:02}{minute:02}{second:02}Z", day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_time_in_utc() {
        // The values of `date -u -d @SECONDS +%Y%m%dT%H%M%SZ`.
        for (seconds, expected) in [
            (951_782_399, "20000228T235959Z"),
            (951_868_799, "20000229T235959Z"),
            (951_868_800, "20000301T000000Z"),
            (1_795_552_006, "20261124T202646Z"),
            (1_798_761_599, "20261231T235959Z"),
            (1_798_761_600, "20270101T000000Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(utc(seconds), expected, "{seconds}");
        }
        let hourly = Some(Duration::from_secs(3600));
        let name =
            file_name(Path::new("/var/log/a.b/flows.ipfix"), hourly, 951_868_800_123_456_789);
        assert_eq!(name, Path::new("/var/log/a.b/flows-20000301T000000Z.ipfix"));
    }
}

//! How many tests passed and failed, read from what the test programs print.

use std::ops::AddAssign;

use serde_json::Value;

/// A count of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// One check that either holds or not.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: passed.into(), failed: (!passed).into() }
    }

    /// What was counted, made honest by the program's exit: a failing program has at least one failure (it may have
    /// broken off before a test), and one that ran no test at all has failed.
    pub(crate) fn checked(self, success: bool) -> Self {
        let unexplained = self.failed == 0 && (!success || self.passed == 0);
        Self { failed: self.failed + u64::from(unexplained), ..self }
    }

    /// A line of `cargo test`: `test result: ok. 12 passed; 0 failed; ...`. Other lines count nothing.
    pub(crate) fn cargo_line(line: &str) -> Self {
        let Some((_, counts)) = line.split_once("test result: ") else { return Self::default() };
        let mut tally = Self::default();
        for part in counts.split([';', '.']) {
            match part.trim().split_once(' ') {
                Some((count, "passed")) => tally.passed = count.parse().unwrap_or(0),
                Some((count, "failed")) => tally.failed = count.parse().unwrap_or(0),
                _ => {}
            }
        }
        tally
    }

    /// The file vitest's JSON reporter writes.
    pub(crate) fn vitest(json: &str) -> Self {
        let report: Value = serde_json::from_str(json).unwrap_or_default();
        let count = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or(0);
        Self { passed: count("numPassedTests"), failed: count("numFailedTests") }
    }

    /// The end of the TAP text `node --test` writes; a test broken off by a time limit counts as failed.
    pub(crate) fn node(tap: &str) -> Self {
        let count = |name: &str| {
            let line = tap.lines().rev().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name));
            line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
        };
        Self { passed: count("pass "), failed: count("fail ") + count("cancelled ") }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn cargo_lines_are_read() {
        let line = "test result: FAILED. 41 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.12s";
        assert_eq!(Tally::cargo_line(line), Tally { passed: 41, failed: 2 });
        assert_eq!(Tally::cargo_line("running 43 tests"), Tally::default());
    }

    #[test]
    fn vitest_report_is_read() {
        let json = r#"{"numTotalTests":9,"numPassedTests":7,"numFailedTests":2}"#;
        assert_eq!(Tally::vitest(json), Tally { passed: 7, failed: 2 });
        assert_eq!(Tally::vitest("no report"), Tally::default());
    }

    #[test]
    fn node_tap_is_read() {
        let tap = "ok 1 - plays\n# tests 4\n# suites 0\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 0\n# duration_ms 5\n";
        assert_eq!(Tally::node(tap), Tally { passed: 2, failed: 2 });
    }

    #[test]
    fn a_failing_program_is_never_all_green() {
        assert_eq!(Tally { passed: 3, failed: 0 }.checked(false), Tally { passed: 3, failed: 1 });
        assert_eq!(Tally { passed: 3, failed: 1 }.checked(false), Tally { passed: 3, failed: 1 });
        assert_eq!(Tally::default().checked(true), Tally { passed: 0, failed: 1 });
        assert_eq!(Tally { passed: 3, failed: 0 }.checked(true), Tally { passed: 3, failed: 0 });
    }
}

//! The states a session went through, to be compared with what they should have been.

use std::fmt;

use serde_json::Value;

/// Status word and phase of each state seen, in order, repetitions left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life(Vec<(String, String)>);

impl Life {
    /// Notes the session slice of a snapshot.
    pub(crate) fn see(&mut self, session: &Value) {
        let word = |name: &str| session[name].as_str().unwrap_or_default().to_owned();
        let state = (word("state"), word("phase"));
        if self.0.last() != Some(&state) {
            self.0.push(state);
        }
    }

    /// The phases alone.
    pub fn phases(&self) -> Vec<&str> {
        self.0.iter().map(|(_, phase)| phase.as_str()).collect()
    }
}

/// One line a state: `active live`.
impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(|(word, phase)| format!("{word} {phase}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

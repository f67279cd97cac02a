//! The table.

/// One line of it.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) ours: String,
    /// The peer's figure; `-` where there is no peer.
    pub(crate) peer: Option<String>,
    pub(crate) ratio: Option<f64>,
    pub(crate) target: &'static str,
    /// None if there is no target, or it was not measured.
    pub(crate) met: Option<bool>,
}

impl Row {
    /// A row whose measurement this system cannot make.
    pub(crate) fn not_measured(name: &'static str, target: &'static str, reason: &str) -> Self {
        Self { name, target, ours: format!("not measured: {}", reason.replace('|', "/")), ..Self::default() }
    }

    /// Prints it as soon as it is known: the whole table takes minutes.
    pub(crate) fn print(&self) {
        let peer = self.peer.as_deref().unwrap_or("-");
        let ratio = self.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let met = match self.met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "-",
        };
        println!("| {} | {} | {peer} | {ratio} | {} | {met} |", self.name, self.ours, self.target);
    }
}

pub(crate) fn print_head() {
    println!("| what | ours | nginx-rtmp | ratio | target | met |");
    println!("|---|---|---|---|---|---|");
}

/// The value below which `percent` of the sorted values lie; 0 if there are none.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or(0.0)
}

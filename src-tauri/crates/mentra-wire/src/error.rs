//! Why a text is not a message.

/// Why a text is not a message. Says nothing of the text itself, which may carry keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// More than [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES).
    #[error("the message is {bytes} bytes long; {} is the limit", crate::MAX_TEXT_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Nested deeper than [`MAX_NESTING`](crate::MAX_NESTING).
    #[error("the message nests deeper than {} levels", crate::MAX_NESTING)]
    TooDeep,
    /// Not JSON.
    #[error("not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of it.
        column: usize,
    },
    /// JSON, but a list, a text, a number.
    #[error("the message is not a JSON object")]
    NotAnObject,
    /// No `type`, or one that is not text.
    #[error("the message has no type")]
    NoType,
    /// A member its type cannot do without is missing or of another shape.
    #[error("{type_name} needs the member {member}")]
    Member {
        /// The message's `type`.
        type_name: String,
        /// The member.
        member: &'static str,
    },
}

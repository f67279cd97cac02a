//! What a user lets an app do.

use serde::{Deserialize, Serialize};

/// Something the glasses offer and an app needs the user's yes for, as MentraOS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Permission {
    /// Start and join streams.
    Camera,
    /// Hear the glasses' microphone.
    Microphone,
    /// Know where the glasses are.
    Location,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 3] = [Self::Camera, Self::Microphone, Self::Location];

    /// The word of MentraOS, also kept on file.
    pub fn code(self) -> &'static str {
        match self {
            Self::Camera => "CAMERA",
            Self::Microphone => "MICROPHONE",
            Self::Location => "LOCATION",
        }
    }

    /// Reads the word of MentraOS.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.code() == code)
    }

    fn bit(self) -> u8 {
        match self {
            Self::Camera => 1,
            Self::Microphone => 2,
            Self::Location => 4,
        }
    }
}

/// A set of permissions; empty by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u8);

impl Permissions {
    /// Nothing is allowed.
    pub const NONE: Self = Self(0);

    /// Whether this is allowed.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Nothing is allowed.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is allowed, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.contains(*permission))
    }

    /// The words kept on file, with commas between them.
    pub fn code(self) -> String {
        self.iter().map(Permission::code).collect::<Vec<_>>().join(",")
    }

    /// Reads the words kept on file; what is not known is not allowed.
    pub fn from_code(code: &str) -> Self {
        code.split(',').filter_map(|word| Permission::from_code(word.trim())).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<T: IntoIterator<Item = Permission>>(permissions: T) -> Self {
        permissions.into_iter().fold(Self::NONE, |set, permission| Self(set.0 | permission.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_back() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_code(permission.code()), Some(permission));
            assert_eq!(serde_json::to_string(&permission).unwrap(), format!("\"{}\"", permission.code()));
        }
        assert_eq!(Permission::from_code("camera"), None);
        assert_eq!(Permission::from_code("ALL"), None, "nobody is allowed everything by one word");
    }

    #[test]
    fn every_set_is_read_back() {
        for bits in 0..8u8 {
            let set = Permissions(bits);
            assert_eq!(Permissions::from_code(&set.code()), set);
            assert_eq!(set.iter().collect::<Permissions>(), set);
            assert_eq!(set.is_empty(), bits == 0);
            assert_eq!(set.iter().count() as u32, bits.count_ones());
        }
        assert_eq!(Permissions::from_code(" LOCATION, CALENDAR,,CAMERA").code(), "CAMERA,LOCATION");
    }
}

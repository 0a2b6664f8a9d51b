//! Which language people read: Chinese, unless English is asked for by name.

/// A language of the message catalogue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Language {
    /// 中文.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// Decides before the command line is parsed, since help and usage errors need it too: `--lang` wins over the
    /// variable `SLUICE_LANG`. `LANG` is not looked at: a server's locale says nothing about its readers.
    pub fn decide(arguments: &[String], variable: Option<&str>) -> Language {
        let mut asked = None;
        let mut rest = arguments.iter().map(String::as_str);
        while let Some(argument) = rest.next() {
            match argument {
                "--" => break,
                "--lang" => asked = rest.next().or(asked),
                other => asked = other.strip_prefix("--lang=").or(asked),
            }
        }
        asked.or(variable).map(Language::of).unwrap_or_default()
    }

    fn of(text: &str) -> Language {
        if text.to_ascii_lowercase().starts_with("en") { Language::En } else { Language::Zh }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(arguments: &[&str], variable: Option<&str>) -> Language {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Language::decide(&arguments, variable)
    }

    #[test]
    fn chinese_unless_english_is_asked_for() {
        assert_eq!(decide(&["check"], None), Language::Zh);
        assert_eq!(decide(&["check"], Some("en")), Language::En);
        assert_eq!(decide(&["--lang", "zh", "check"], Some("en")), Language::Zh);
        assert_eq!(decide(&["check", "--lang=en"], None), Language::En);
        assert_eq!(decide(&["run", "--", "--lang=en"], None), Language::Zh);
    }
}

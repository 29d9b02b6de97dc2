//! Which tests the command line chooses.

use super::program::Variant;

/// What a test's name has to contain: one of these, or anything where there are none.
#[derive(Debug, Default)]
pub(crate) struct Filters(Vec<(String, Option<Variant>)>);

impl Filters {
    /// Reads filters: a part of `family/name`, with `:variant` after it where that matters.
    pub(crate) fn new(texts: &[String]) -> Self {
        let read = |text: &String| {
            let (name, variant) = text.rsplit_once(':').unwrap_or((text, ""));
            match Variant::named(variant) {
                Some(variant) => (name.to_owned(), Some(variant)),
                None => (text.clone(), None),
            }
        };
        Self(texts.iter().map(read).collect())
    }

    /// Returns whether a test is to be run.
    pub(crate) fn choose(&self, id: &str, variant: Option<Variant>) -> bool {
        let is_chosen = |(name, wanted): &(String, Option<Variant>)| {
            id.contains(name) && (wanted.is_none() || *wanted == variant)
        };
        self.0.is_empty() || self.0.iter().any(is_chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(texts: &[&str]) -> Filters {
        Filters::new(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_filter_is_part_of_a_name_with_a_variant_or_not() {
        let (fixed, pie) = (Some(Variant::Static), Some(Variant::StaticPie));
        assert!(filters(&[]).choose("io/pipe", fixed));
        assert!(filters(&["x", "io/"]).choose("io/pipe", fixed));
        assert!(!filters(&["mem"]).choose("io/pipe", fixed));
        assert!(filters(&["pipe:static"]).choose("io/pipe", fixed));
        assert!(!filters(&["pipe:static"]).choose("io/pipe", pie));
        assert!(filters(&[":static-pie"]).choose("io/pipe", pie));
        assert!(!filters(&["pipe:stat"]).choose("io/pipe", fixed));
    }
}

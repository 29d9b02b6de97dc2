//! Results as JUnit XML, which CI services show.

use alloc::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use quick_xml::Writer;
use quick_xml::events::BytesText;
use quick_xml::writer::ElementWriter;

use super::results::{Case, Results, Verdict};

type Xml = Writer<Vec<u8>>;

/// Writes `results` to `path`, a suite a family.
///
/// # Errors
/// Fails where the file cannot be written.
pub(super) fn write(results: &Results, path: &Path) -> Result<()> {
    let text = document(&results.cases).context("cannot write JUnit XML")?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn document(cases: &[Case]) -> io::Result<Vec<u8>> {
    let mut families = BTreeMap::<_, Vec<_>>::new();
    for case in cases {
        families.entry(case.family.as_str()).or_default().push(case);
    }
    let all: Vec<_> = cases.iter().collect();
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    element(&mut xml, "testsuites", "scull test", &all).write_inner_content(|xml| {
        for (family, cases) in &families {
            element(xml, "testsuite", family, cases).write_inner_content(|xml| {
                cases.iter().try_for_each(|case| write_case(xml, case))
            })?;
        }
        Ok(())
    })?;
    Ok(xml.into_inner())
}

/// Begins an element for a set of tests, with their number.
fn element<'a>(
    xml: &'a mut Xml,
    kind: &'a str,
    name: &'a str,
    cases: &[&Case],
) -> ElementWriter<'a, Vec<u8>> {
    let count = |is_one: fn(&Verdict) -> bool| {
        cases.iter().filter(|case| is_one(&case.verdict)).count().to_string()
    };
    let time: f64 = cases.iter().map(|case| case.took.as_secs_f64()).sum();
    xml.create_element(kind)
        .with_attribute(("name", name))
        .with_attribute(("tests", count(|_| true).as_str()))
        .with_attribute((
            "failures",
            count(|verdict| matches!(verdict, Verdict::Failed(_))).as_str(),
        ))
        .with_attribute((
            "skipped",
            count(|verdict| matches!(verdict, Verdict::Skipped(_))).as_str(),
        ))
        .with_attribute(("time", format!("{time:.3}").as_str()))
}

fn write_case(xml: &mut Xml, case: &Case) -> io::Result<()> {
    let test = xml
        .create_element("testcase")
        .with_attribute(("classname", case.family.as_str()))
        .with_attribute(("name", printable(&case.name).as_str()))
        .with_attribute(("time", format!("{:.3}", case.took.as_secs_f64()).as_str()));
    match &case.verdict {
        Verdict::Passed => test.write_empty().map(drop),
        Verdict::Skipped(why) => test
            .write_inner_content(|xml| {
                let why = printable(why);
                xml.create_element("skipped")
                    .with_attribute(("message", why.as_str()))
                    .write_empty()?;
                Ok(())
            })
            .map(drop),
        Verdict::Failed(why) => test
            .write_inner_content(|xml| {
                let why = printable(why);
                let message = why.lines().next().unwrap_or_default().trim();
                xml.create_element("failure")
                    .with_attribute(("message", message))
                    .write_text_content(BytesText::new(&why))?;
                Ok(())
            })
            .map(drop),
    }
}

/// Returns `text` with what XML cannot hold escaped (XML 1.0 §2.2).
fn printable(text: &str) -> String {
    let is_character = |c: char| matches!(c, '\t' | '\n' | '\r') || (' '..'\u{fffe}').contains(&c);
    let mut shown = String::new();
    for c in text.chars() {
        if is_character(c) { shown.push(c) } else { shown.extend(c.escape_default()) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn families_are_suites_with_counts() {
        let case = |family: &str, name: &str, verdict| Case {
            family: family.to_owned(),
            name: name.to_owned(),
            verdict,
            took: Duration::from_millis(1500),
        };
        let why = "    output \"differs\" <&> \u{1b}[1m\n    more";
        let cases = [
            case("io", "io/pipe:static", Verdict::Passed),
            case("fs", "fs/stat:static", Verdict::Skipped("no gcc here".to_owned())),
            case("io", "io/read:static", Verdict::Failed(why.to_owned())),
        ];
        let text = String::from_utf8(document(&cases).unwrap()).unwrap();
        assert_eq!(
            text,
            r#"<testsuites name="scull test" tests="3" failures="1" skipped="1" time="4.500">
  <testsuite name="fs" tests="1" failures="0" skipped="1" time="1.500">
    <testcase classname="fs" name="fs/stat:static" time="1.500">
      <skipped message="no gcc here"/>
    </testcase>
  </testsuite>
  <testsuite name="io" tests="2" failures="1" skipped="0" time="3.000">
    <testcase classname="io" name="io/pipe:static" time="1.500"/>
    <testcase classname="io" name="io/read:static" time="1.500">
      <failure message="output &quot;differs&quot; &lt;&amp;&gt; \u{1b}[1m">    output &quot;differs&quot; &lt;&amp;&gt; \u{1b}[1m
    more</failure>
    </testcase>
  </testsuite>
</testsuites>"#
        );
    }
}

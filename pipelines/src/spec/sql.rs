//! SQL texts of definitions, as far as they can be judged without schemas: bounded, parsed, and which relations they read.

use chrono::NaiveDate;
use datafusion::sql::parser::Statement;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{Expr, Statement as SqlStatement};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::mistake::Mistake;
use super::template;

/// Longest SQL text, in KiB.
pub const LONGEST_KIB: usize = 64;
/// Most operators and keywords: a very long flat expression overflows the stack of whoever walks it later.
pub const MOST_OPERATORS: usize = 2_000;

/// A mistake in an SQL text and, where known, its byte offset in the text as written.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlMistake {
    /// What is wrong.
    pub mistake: Mistake,
    /// Where, in bytes from the beginning of the text.
    pub at: Option<usize>,
}

impl From<Mistake> for SqlMistake {
    fn from(mistake: Mistake) -> Self {
        Self { mistake, at: None }
    }
}

/// Checks one SELECT and returns the relations it reads, without those its WITH clause defines; unquoted names in lower
/// case, qualified names with their dots.
///
/// # Errors
/// P117, P184, P195, P196.
pub fn relations(sql: &str) -> Result<Vec<String>, SqlMistake> {
    let mut parser = parser(sql)?;
    let statement = parser.parse_statement().map_err(|_| here(sql, &parser))?;
    while parser.consume_token(&Token::SemiColon) {}
    if parser.peek_token_ref().token != Token::EOF {
        return Err(SqlMistake { mistake: Mistake::NotASelect, at: here(sql, &parser).at });
    }
    if !matches!(statement, SqlStatement::Query(_)) {
        return Err(Mistake::NotASelect.into());
    }
    let statement = Statement::Statement(Box::new(statement));
    let (tables, _) = resolve_table_references(&statement, true).map_err(|_| Mistake::Sql)?;
    Ok(tables.iter().map(ToString::to_string).collect())
}

/// Checks one SQL expression.
///
/// # Errors
/// P117, P184, P195.
pub fn expression(sql: &str) -> Result<Expr, SqlMistake> {
    let mut parser = parser(sql)?;
    let expression = parser.parse_expr().map_err(|_| here(sql, &parser))?;
    if parser.peek_token_ref().token == Token::EOF { Ok(expression) } else { Err(here(sql, &parser)) }
}

/// The text with its templates filled in by a sample, for parsing only. A text whose templates are wrong stays as it is:
/// that mistake is reported elsewhere.
pub fn with_sample(sql: &str) -> String {
    let mut time = template::sample();
    time.biz_date = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap_or(time.biz_date);
    template::render(sql, &time).unwrap_or_else(|_| sql.to_owned())
}

fn parser(sql: &str) -> Result<Parser<'static>, SqlMistake> {
    if sql.len() > LONGEST_KIB * 1024 {
        return Err(Mistake::TextTooLong { key: "sql".into(), limit_kib: LONGEST_KIB }.into());
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .map_err(|error| SqlMistake { mistake: Mistake::Sql, at: offset(sql, error.location) })?;
    let weight = |token: &&TokenWithSpan| match &token.token {
        Token::Word(word) => !matches!(word.keyword, Keyword::NoKeyword | Keyword::AS),
        Token::Whitespace(_) | Token::Comma | Token::Period | Token::Number(..) => false,
        Token::SingleQuotedString(_) | Token::EOF => false,
        _ => true,
    };
    if tokens.iter().filter(weight).count() > MOST_OPERATORS {
        return Err(Mistake::SqlTooLong { limit: MOST_OPERATORS }.into());
    }
    Ok(Parser::new(&GenericDialect {}).with_tokens_with_locations(tokens))
}

/// A mistake at the token the parser stands on.
fn here(sql: &str, parser: &Parser<'_>) -> SqlMistake {
    let token = parser.peek_token_ref();
    let at = if token.token == Token::EOF {
        Some(sql.trim_end().char_indices().next_back().map_or(0, |(at, _)| at))
    } else {
        offset(sql, token.span.start)
    };
    SqlMistake { mistake: Mistake::Sql, at }
}

/// Lines and columns count from 1, columns characters; 0 means unknown.
fn offset(sql: &str, at: Location) -> Option<usize> {
    let line = usize::try_from(at.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(at.column).ok()?.checked_sub(1)?;
    let start: usize = sql.split_inclusive('\n').take(line).map(str::len).sum();
    let text = sql.get(start..)?;
    Some(start + text.char_indices().nth(column).map_or(text.len(), |(at, _)| at))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn relations_are_those_that_are_read() {
        let sql = "WITH t AS (SELECT * FROM clean) SELECT c.*, a.county FROM t c JOIN area a ON a.code = c.code \
                   WHERE EXISTS (SELECT 1 FROM other)";
        let mut found = relations(sql).unwrap();
        found.sort();
        assert_eq!(found, ["area", "clean", "other"]);
        assert_eq!(relations("select 1;").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn everything_but_one_select_is_refused() {
        for sql in ["DROP TABLE a", "INSERT INTO a SELECT 1", "SELECT 1; SELECT 2", "COPY a TO 'x'", "SET a = 1"] {
            assert!(relations(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn mistakes_have_a_place() {
        let sql = "SELECT 数, b\nFORM a";
        assert_eq!(relations(sql).unwrap_err().at, sql.find("a").filter(|_| false).or(sql.rfind('a')));
        let sql = "a = 'open";
        assert_eq!(expression(sql).unwrap_err().mistake, Mistake::Sql);
        assert_eq!(expression("a > 1 b").unwrap_err().at, Some(6));
        assert!(expression("").is_err() && expression("amount >= 0 AND name IS NOT NULL").is_ok());
    }

    #[test]
    fn long_and_deep_texts_are_refused_not_crashed_on() {
        let flat = format!("1{}", "+1".repeat(30_000));
        assert!(matches!(expression(&flat).unwrap_err().mistake, Mistake::SqlTooLong { .. }));
        let deep = format!("{}1{}", "(".repeat(900), ")".repeat(900));
        assert!(expression(&deep).is_err());
        let long = format!("'{}'", "x".repeat(70_000));
        assert!(matches!(expression(&long).unwrap_err().mistake, Mistake::TextTooLong { .. }));
        assert!(expression(&format!("1{}", "+1".repeat(900))).is_ok());
    }
}

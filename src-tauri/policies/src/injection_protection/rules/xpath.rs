//! XPath: values that end the literal or the predicate they stand in, and steps to nodes that nobody asked for.

pub(in super::super) const RULES: &[&str] = &[
    // Out of a literal.
    r#"^[^'"]*['"]\s*\]?\s*\)*\s*(?:or|and)\b\s*\(*\s*(?:not\s*\(\s*)?['"]?[\w@./*:-]*['"]?\s*\)*\s*(?:=|!=|<|>)"#,
    r#"^[^'"]*['"]\s*\]?\s*\)*\s*(?:or|and)\b.*?\b(?:name|text|count|position|last|string-length|substring|substring-before|substring-after|starts-with|ends-with|contains|node|local-name|normalize-space|translate|string|concat|not|true|false|boolean|number|sum|id|doc|matches|current|comment|processing-instruction|lower-case|upper-case)\s*\("#,
    r#"\b(?:or|and)\s*\(*\s*['"][^'"]*['"]\s*(?:=|!=)\s*['"]"#,
    r#"^[^'"]*['"]\s*\)*\s*\]+\s*(?:\||/|\[|%00|\x00|or\b|and\b|$)"#,
    r#"^[^'"]*['"]\s*(?:or|and)\s+['"][^'"]*$"#,
    r#"^[^'"]*['"]\s*\]?\s*\)*\s*(?:or|and)\b.*\b(?:or|and)\s*\(*\s*['"]"#,
    r#"^[^'"]*['"]\s*\|\s*/"#,
    r#"^[^'"]*['"]\s*(?:or|and)\s+(?:\.\.?/|/{1,2}|@|\*|\d+\s*(?:$|=|<|>|\]|or\b|and\b))"#,
    // Out of a number or a predicate.
    r"^\s*-?\d+\s*\]?\s*(?:or|and)\s+\(*\s*(?:\d+\s*(?:=|!=|<|>)|(?:true|not|name|position|last|count|string-length|substring|contains|starts-with|boolean)\s*\()",
    r"\bor\s+(?:true|not|name|position|last|count|string-length|starts-with|contains|boolean)\s*\(",
    r"\]\s*(?:\|\s*)?//?(?:\*|\w+|@|node\s*\(|text\s*\()\s*(?:\[|\||$|/|\()",
    r"\|\s*//?(?:\*|[\w:-]+\s*(?:\[|/|\())",
    r"\|\s*//[\w:*@-]+",
    // Steps and functions.
    r"(?:ancestor|ancestor-or-self|descendant|descendant-or-self|following|following-sibling|preceding|preceding-sibling)::(?:\*|node\s*\(|text\s*\(|[\w:-]+)",
    r"\b(?:child|parent|self|attribute|namespace)::(?:\*|(?:node|text|comment)\s*\()",
    r"/(?:child|parent|self|attribute)::",
    r"//\*\s*(?:\[|/|$|\||\])",
    r"/\*\[\s*(?:\d+|last|position|@|name|local-name)",
    r"//@?[\w:*-]+\[\s*(?:@|\d+\s*\]|position|last|text|contains|name|starts-with|not\s*\(|\w+\s*=)",
    r"(?:^|[^:])//(?:node|text|comment|processing-instruction)\s*\(",
    r"(?:^|[^:\w])//[\w-]+/(?:text\s*\(|@|node\s*\(|password|passwd|pass\b|username|user\b|secret|\*)",
    r"\b(?:string-length|substring|substring-before|substring-after|name|local-name|count|starts-with|contains|normalize-space|translate|string|concat|sum|boolean|not|string-to-codepoints|lower-case|upper-case|matches|encode-for-uri)\s*\(\s*(?:/|\(*\s*//|\.\./|@\w|name\s*\(|string\s*\(|text\s*\(|local-name\s*\(|parent::|doc\s*\()",
    r#"\b(?:doc|doc-available|document|unparsed-text|collection|json-doc)\s*\(\s*(?:['"]\s*(?:https?:|file:|ftp:|//)|concat\s*\()"#,
    r"\b(?:position|last|text|name|local-name|node)\s*\(\s*(?:/?\*?)?\s*\)\s*(?:=|<|>|\]|!=|\|)",
    r"\bsubstring\s*\([^)]*\bpassword\b",
    r"\bstring-length\s*\([^)]*\)\s*(?:=|<|>)",
];

//! LDAP: values that end the filter they stand in (RFC 4515).

pub(in super::super) const RULES: &[&str] = &[
    r"\*\s*\)+\s*\(",
    r"\*\s*\(\s*\)\s*[|&]",
    r"^[^()]*\*\)+\s*(?:$|%00|\x00)",
    r"^[^()]*\)+\s*(?:%00|\x00)",
    r"^[^()]*\)+\s*\(\s*[|&!]",
    r"\)\s*\(\s*[|&]\s*\(?\s*[\w*)]",
    r"\)\s*\(\s*!\s*\(?\s*[|&(]?\s*[a-z][\w.;-]*\s*[~<>]?=",
    r"\)\s*\(\s*[a-z][\w.;-]*\s*(?:[~<>]?=|:[\w.]*:=|:=)\s*[^\s)=]*(?:\)|\*|$)",
    r"\(\s*[|&!]\s*\(\s*[|&!]?\s*\(?\s*[a-z][\w.;-]*\s*(?:[~<>]?=|:[\w.]*:=)",
    r"\(\s*(?:objectclass|objectcategory|cn|uid|sn|mail|userpassword|samaccountname|memberof|password|ou|dc|givenname|homedirectory|uidnumber|description|userprincipalname|employeenumber|title|telephonenumber|role|department|gid|gidnumber|loginshell)\s*[~<>]?=\s*[^)\s]*\*",
    r"^[^()]*\)\s*\(\s*\w+[~<>]?=",
    r":(?:caseignorematch|caseexactmatch|dn|(?:\d+\.){4,}\d+):?=",
    r"\\2a\\29|\\29\\28|\\28\\7c|\\28\\26|\\2a\)|\)\\28",
    r"^[^()]*\)\s*(?:&|\|)\s*\(",
    r"^[^()]*\(\s*[|&]\s*\(",
];

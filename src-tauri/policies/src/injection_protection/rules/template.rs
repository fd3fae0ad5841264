//! Template engines: expressions that reckon, reach for what is behind the page, or run code. A placeholder with a name
//! is none.

pub(in super::super) const RULES: &[&str] = &[
    // Sums, with which engines are probed.
    r#"(?:\{\{\{?|\$\{\{?|#\{|@\{|@\(|\*\{|%\{|~\{|\{#|<%[=-]?|\[\[\s*\$\{|\{@|\{%-?\s*print)[\s=(+-]*['"]?\d+['"]?\s*(?:\*\*?|/|\+|-|%|\||~)\s*['"]?\d+"#,
    r#"^\s*\{=?\s*['"]?\d+['"]?\s*\*\s*['"]?\d+['"]?\s*\}"#,
    // What is behind the page.
    r"\{[{%].*?__\w+__",
    r"__(?:subclasses|globals|builtins|mro|base|bases|import|getattribute)__\s*(?:\(|\[|\.)",
    r#"\{\{-?\s*\(?\s*(?:'[^']*'|"[^"]*"|\[[^\]]*\]|\([^)]*\)|\{[^}]*\})\s*\)?\s*(?:\.\s*\w|\*|\[|%|\+|~|\|\s*(?:attr|format|join|map|filter|reduce|sort|e\b))"#,
    r"\{\{-?\s*(?:config\b|self\b|lipsum|cycler|joiner|namespace\s*\(|url_for|get_flashed_messages|_self\b|_context|app\.(?:request|session|user|env)|dump\s*\(|settings\.|constructor|process\b|global\b|globalthis|require\b|this\.(?:constructor|__|push|lookup)|range\.|beans\.|g\.|request\.(?:application|environ|__|args|cookies|form|headers|values|server|class|get)|request\s*[|\[]|session\.|handler\.|class\.|debug\b|include\s*\(|source\s*\(|printf\b|print\s|println|call\b|define\b|template\s|block\s|js\s|html\s+\x22|open\s*\(|eval\s*\(|exec\s*\(|system\s*\(|\$|#with|\.\s*\}\}|\.\w+\.\w+\s+\x22|phpinfo|lookup\s)",
    r"\{\{.*?(?:\bconstructor\b|\.mro\b|\bpopen\b|\.os\b|\bos\.|subclasses|getruntime|forname|getclass|\bsystem\s*\(|\bexec\s*\(|\beval\s*\(|passthru|registerundefined|getfilter|\|\s*attr\s*\(|child_process|__proto__|prototype|mainmodule|secret_key|\|\s*(?:filter|map|reduce|sort)\s*\(\s*['\x22\[]|\bimport\b)",
    r"\{\{[^}]*\|\s*(?:file_excerpt|system|passthru|exec|shell_exec|file_get_contents)\b",
    r"\{\{#with\b|\{\{#each\s+(?:this|\.\./)",
    // Statements.
    r"\{%-?\s*(?:for|set|if|import|include|extends|with|macro|call|print|filter|from|block|do|apply|use)\b.*?(?:__|\.mro|popen|\bos\b|config\b|self\.|lipsum|cycler|request\.|subclasses|system|exec|/etc/|eval|passthru|import\s|\d+\s*\*\s*\d+|''|\x22\x22|\[\]\.|\(\)\.)",
    r"\{%-?\s*(?:debug|raw\s*%\}\s*\{%|load\s+log|python|include\s+['\x22](?:/|\.\.)|import\s+\w+)",
    r"#set\s*\(\s*\$",
    r"#(?:foreach|evaluate|include|parse|macro|define|stop)\s*\(\s*[$'\x22]",
    r"\$(?:class|request|response|context|application|session|util|text|link|esc)\.(?:inspect|forname|class|getclass|getruntime|type|getservletcontext|getsession|in\b)",
    r"\.getclass\s*\(\s*\)\s*\.|\.class\.forname|getruntime\s*\(",
    r"<#(?:assign|list|if|include|import|macro|function|setting|attempt|global|local)\b",
    r"\[#(?:assign|list|if|include|import|macro)\b",
    r"\?(?:new|api|eval|interpret)\s*(?:\(|\}|\.)",
    r"freemarker\.template|objectconstructor|jythonruntime",
    // Expression languages.
    r"(?:\$|#|%|@|\*)\{.*?(?:\bt\s*\(\s*\w|\bnew\s+[\w.]+\s*\(|runtime|processbuilder|getclass|forname|\bjava\.|\bjavax\.|\borg\.|\.exec\s*\(|#_memberaccess|#context|#cmd|#_|@\w+(?:\.\w+)+@|\.class\b|self\.module|__import__|\bopen\s*\(|\bos\.|applicationscope|pagecontext|sessionscope|facescontext|#request|#session|#application|#attr|#parameters|\bscriptengine|\bmultipart\b|\.getfactory|\bsystem\s*\(|\bprocess\.|\bglobal\.|\brequire\s*\(|\bfile\.|\bdir\.|\bio\.|\bkernel\b|\benv\[|\beval\s*\(|self\.(?:context|template)|\bconstructor\b)",
    r"#\{[^}]*`",
    r"\$\{\s*jndi\s*:",
    r"\$\{\s*(?:lower|upper)\s*:",
    r"\$\{[^}]*\$\{\s*(?:lower|upper|env|sys|date|::|:)",
    r"\$\{\s*:{1,2}-?",
    r"\$\{\s*env:[^}:]*:-[a-z:]{1,4}\}",
    r"\$\{(?:sys|env|java|main|ctx|hostname|docker|k8s|web|base64|script|dns|url|const|file|bundle):[\w.$-]+\}?",
    r"__\$\{",
    r"\[[\[(]\s*[$*#@~]\{",
    r"\bth:(?:text|utext|each|if|inline|with|href|attr)\s*=",
    // Pages that run code.
    r"<%[=@!-]?.*?(?:\(|`|\d+\s*[*+]\s*\d+|system|file|dir\b|require|global|process|exec|runtime|eval|\bio\b|request|response|application|session|import|foreach|self|context|env\b|include)",
    r"<\?(?:php|=)",
    r"\{(?:php|/php)\}|\{(?:system|exec|passthru|readfile|phpinfo|shell_exec)\s*\(|\{if\s+\w+\s*\(|\{\$smarty\.|\{self::|\{fetch\s|\{math\s|\{include\s+file|\{literal\}\s*\{|\{eval\s|\{smarty|\{function\s|\{['\x22]\w+['\x22]\|",
    r"@(?:using|inject|inherits|functions)\b\s*[\w{].*?(?:system|\{|\()",
    r"@(?:system|datetime|environment|httpcontext|html\.raw|appdomain)\.",
    r"@\{.*?(?:system\.|var\s|process|file\.|\bfor\s*\()",
    r"@\(\s*['\x22\w.]+\s*[+*(.]",
    r"^\s*[-=!]\s*(?:var\s+\w+\s*=\s*(?:global|process|require|root|this)|global\.|process\.|root\.)",
    r"\$(?:eval|on\.constructor|parse|apply|watch)\s*(?:\(|\.)",
    r"\bregisterundefinedfiltercallback|\bsandboxed_unserialize|\bclass\.classloader|classloader\.resources",
];

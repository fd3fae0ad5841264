//! Path traversal: ways up and out, and files that attackers ask for. A value with white space before is text about paths.

pub(in super::super) const RULES: &[&str] = &[
    // Up and up again.
    r"^[^\s\x22'<>(){}]*(?:\.{2,};?[/\\]+(?:\./+)*){2}",
    r"^[^\s\x22'<>(){}]*\.{2,}[/\\]+[^/\\\s]+[/\\]+\.{2,}[/\\]+[^\s]*\.{2}",
    r"^[^\s\x22'<>(){}]*[/\\]\.{2,};?[/\\]+\.{2,}$",
    r"^[^\s\x22'<>(){}]*\.\.;[/\\]",
    r"^[^\s\x22'<>(){}]*\.\.(?:\\/|/\\)",
    // Up once, hidden.
    r"(?:%(?:25)*2e|\.){2}(?:%(?:25)*(?:2f|5c)|%(?:25)*c[01]%(?:25)*(?:af|9c|2f)|%u(?:2215|2216|ff0f|ff3c))",
    r"(?:%(?:25)*2e){2}[/\\]",
    r"%(?:25)*c0%(?:25)*(?:ae|2e)",
    r"\.\.(?:0x2f|0x5c|\\x2f|\\u2215|\\u2216)",
    // Up once, to what should not be reached.
    r"^[^\s]*\.\.[/\\]+[^\s]*?(?:etc[/\\]|passwd|shadow|windows|winnt|win\.ini|boot\.ini|system32|\.env\b|\.git\b|\.ssh|\.ht|\.aws|web-inf|meta-inf|wp-config|config\.(?:php|inc|ya?ml|json|py|js)|id_rsa|proc[/\\]|var[/\\]|secret|credential|password|private|database\.|settings\.py|application\.(?:yml|properties)|\.bash|php\.ini|httpd|access\.log|error\.log|admin|root[/\\]|appsettings|web\.config|server\.xml|tomcat|backup|\.sql|\.key|\.pem|\.bak|\.db\b|\.sqlite)",
    // Files that attackers ask for.
    r"^[^\s]*[/\\]etc[/\\]+(?:\.?[/\\])*(?:passwd|shadow|group|gshadow|hosts|hostname|issue|motd|fstab|mtab|ssh|crontab|cron\.|sudoers|nginx|apache2|httpd|mysql|my\.cnf|resolv\.conf|os-release|redhat-release|profile|environment|kubernetes|vsftpd|php|ssl|samba|exports|inetd|ldap|security|rc\.)",
    r"^[^\s]*[/\\]proc[/\\]+(?:self|version|\d+|cpuinfo|meminfo|net|mounts|cmdline|sched_debug)",
    r"^[^\s]*[/\\](?:root|home[/\\][\w.-]+)[/\\]\.",
    r"^[^\s]*[/\\]var[/\\](?:log|run|www|mail|spool|backups|lib)[/\\][\w./\\-]*(?:log|secrets|\.php|\.env|root|\.db|config|shadow|mysql|token|passwd|\.sql|\.bak|\.conf)",
    r"^[^\s]*(?:[/\\]|^)(?:sys|dev)[/\\](?:class[/\\]net|shm|mem|kmem|kernel|random)",
    r"^[^\s\x22'<>]*[a-z]:[/\\]+(?:\.*[/\\])*(?:windows|winnt|boot\.ini|inetpub|users[/\\]+[^/\\]+[/\\]+(?:\.ssh|\.aws|ntuser|appdata)|xampp|wamp|sam\b|system32|pagefile|autoexec|config\.sys|unattend)",
    r"^(?:[^\s]*=)?\s*(?:file|php|zip|phar|glob|expect|ogg|ssh2|rar|gopher|dict|netdoc|compress\.zlib|compress\.bzip2):/{1,3}",
    r"^\s*jar:(?:file|https?):",
    r"^\\\\(?:\d+\.\d+\.\d+\.\d+|localhost|[.?])\\",
    r"^[^\s]*(?:^|[/\\])(?:web-inf|meta-inf)[/\\]",
    r"^[^\s]*(?:^|[/\\])\.(?:git[/\\](?:config|head|index|logs|refs|objects)|svn[/\\](?:entries|wc\.db)|hg[/\\]|env(?:\.\w+)?$|htpasswd|htaccess|ssh[/\\]|aws[/\\]|bash_history|bashrc|npmrc|docker[/\\]|kube[/\\]|netrc|pgpass|my\.cnf|mysql_history|viminfo)",
    r"^[^\s]*(?:^|[/\\])(?:wp-config\.php|boot\.ini|win\.ini|system\.ini|web\.config|id_rsa|id_dsa|id_ed25519|localsettings\.php|config\.inc\.php)(?:[\x00~.?#]|$)",
    // A name that ends early for the system and not for a check.
    r"\.\w{1,5}\x00",
    r"\x00\.\w{2,5}$",
];

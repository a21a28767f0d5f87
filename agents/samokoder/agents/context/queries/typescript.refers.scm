(type_identifier) @use
(extends_clause value: (identifier) @use)

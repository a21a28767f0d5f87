(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call))
(call_expression function: (scoped_identifier name: (identifier) @call))
(macro_invocation macro: (identifier) @call)
(type_identifier) @use
(use_declaration argument: (scoped_identifier name: (identifier) @use))
(use_list (identifier) @use)
(arguments (identifier) @use)
(use_declaration argument: (_) @module)

package builtin

deny contains "too many" if to_number(input.nodes) > 16

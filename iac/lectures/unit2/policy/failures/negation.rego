package negation

# A reference that is undefined: not makes that true.
open if not input.blocked

# A call with an undefined argument: the argument is looked up first, and the rule ends there.
deny contains "another registry" if not startswith(input.image, "images.acme.test/")

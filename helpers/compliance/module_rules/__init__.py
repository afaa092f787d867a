"""The rules that a module package must meet before a registry takes it: the registry and the course check the same.

`rules.check` reads a package's files (`archive.unpack`), its ``module.yaml``, its interface and its version;
`signatures.verify` checks the publisher's signature.
"""

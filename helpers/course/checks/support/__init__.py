"""What the checks share: probes of a module, Terraform runs, good and bad cases to test a learner's rules with."""

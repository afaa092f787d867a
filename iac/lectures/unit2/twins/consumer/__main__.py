"""Inference reads where vision's models are, from the outputs of vision's stack."""

import pulumi

vision = pulumi.StackReference("organization/vision/dev")

pulumi.export("models", vision.require_output("bucket").apply(lambda bucket: f"s3://{bucket}/models"))

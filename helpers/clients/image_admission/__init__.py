"""Admission of signed images only: the API server asks before it keeps an object that runs pods.

A gate in the pipeline judges what comes through Git. Whoever has a kubeconfig does not come through Git; the API server
is the last door, and it cannot verify a signature by itself. It asks the service ``image-admission``, which verifies
with cosign, by the same code as the gate ``image``: with a key, or, without one, by identity. An image that could not
be verified is refused, and so is everything while the service is down (``failurePolicy: Fail``).

Only namespaces with the label ``acme.test/signed-images=required`` are asked about.
"""

from helpers.clients.image_admission.client import ImageAdmission
from helpers.clients.image_admission.policy import BadPolicy, Rule

__all__ = ["BadPolicy", "ImageAdmission", "Rule"]

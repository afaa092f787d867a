"""What this module's learners hand over, as published contracts: PROJ-304 (an operator) and MOD-209 (an auditor).

A contract is a directory of JSON Schemas below ``contracts/`` with a ``contract.yaml`` that says which file is which.

>>> validate("deliverables", keys="reviewer-keys")
ContractVerification(proj-304 v1: valid)
"""

from helpers.compliance.contracts.making import module_contract, promotion_record
from helpers.compliance.contracts.schemas import CONTRACTS, Contract, Deliverable, contract, contracts, validator
from helpers.compliance.contracts.types import ContractVerification, Fault, UnknownContract
from helpers.compliance.contracts.validate import validate

__all__ = [
    "CONTRACTS",
    "Contract",
    "ContractVerification",
    "Deliverable",
    "Fault",
    "UnknownContract",
    "contract",
    "contracts",
    "module_contract",
    "promotion_record",
    "validate",
    "validator",
]

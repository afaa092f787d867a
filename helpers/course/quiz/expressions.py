"""Arithmetic in a question file: safe to evaluate, exact, and only what a key needs.

Numbers are fractions, so that 0.1 + 0.2 is 0.3 and no key depends on rounding.
"""

from __future__ import annotations

import ast
import itertools
import math
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from helpers.core.errors import BadInput

#: A whole power larger than this would only exhaust memory.
MAX_POWER = 64

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: Fraction(a) / Fraction(b),
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def levels(leaves: Any) -> int:
    """Return the levels of hashes above the leaves of a binary tree: the next whole number above log2."""
    return (int(leaves) - 1).bit_length()


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "round": round,
    "ceil": math.ceil,
    "floor": math.floor,
    "len": len,
    "levels": levels,
}


def evaluate(text: object, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None) -> Any:
    """Return the value of an expression.

    Args:
        text: Python's own notation for arithmetic, comparisons, ``and``/``or``/``not``, ``a if b else c`` and calls
            of named functions. No attributes, no subscripts, no keywords.
        values: what its names mean.
        functions: more functions beside `FUNCTIONS`.

    Raises:
        BadInput: it is not such an expression, or it has no value (a division by 0).
    """
    reader = _Reader(values, {**FUNCTIONS, **(functions or {})})
    try:
        return reader.read(ast.parse(str(text).strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
        raise BadInput(f"The expression {str(text)!r} has no value", why=str(error)) from None


class _Reader:
    def __init__(self, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> None:
        self.values, self.functions = values, functions

    def read(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=bool() | str() | int()):
                return node.value
            case ast.Constant(value=float()):
                return Fraction(repr(node.value))
            case ast.Name():
                value = self.values[node.id]
                return Fraction(repr(value)) if isinstance(value, float) else value
            case ast.BinOp(op=ast.Pow()):
                return self._power(self.read(node.left), self.read(node.right))
            case ast.BinOp():
                return self._operator(node.op)(self.read(node.left), self.read(node.right))
            case ast.UnaryOp():
                return self._operator(node.op)(self.read(node.operand))
            case ast.BoolOp():
                parts = [bool(self.read(part)) for part in node.values]
                return all(parts) if isinstance(node.op, ast.And) else any(parts)
            case ast.IfExp():
                return self.read(node.body if self.read(node.test) else node.orelse)
            case ast.Compare():
                return self._compare(node)
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                return self.functions[name](*(self.read(part) for part in node.args))
        raise ValueError(f"{ast.unparse(node)} is not allowed in a key")

    @staticmethod
    def _operator(kind: ast.AST) -> Callable[..., Any]:
        return OPERATORS[type(kind)]

    @staticmethod
    def _power(base: Any, exponent: Any) -> Any:
        if not isinstance(exponent, int) or abs(exponent) > MAX_POWER:
            raise ValueError(f"a power is a whole number of at most {MAX_POWER}")
        return Fraction(base) ** exponent

    def _compare(self, node: ast.Compare) -> bool:
        parts = [self.read(part) for part in (node.left, *node.comparators)]
        pairs = itertools.pairwise(parts)
        return all(self._operator(op)(a, b) for op, (a, b) in zip(node.ops, pairs, strict=True))


def show(value: Any) -> str:
    """Return a value as a person writes it: ``1,000``, ``0.25``; text stays as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Fraction)):
        return str(value)
    return f"{int(value):,}" if value == int(value) else f"{float(value):,.6g}"


def fill(text: str, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None) -> str:
    """Return *text* with ``{name}`` replaced by a value and ``{=expression}`` by a result; other braces stay."""

    def replaced(found: re.Match[str]) -> str:
        if found["sign"]:
            return show(evaluate(found["inner"], values, functions))
        return str(values[found["inner"]]) if found["inner"] in values else found[0]

    return re.sub(r"\{(?P<sign>=?)(?P<inner>[^{}\n]+)\}", replaced, text)

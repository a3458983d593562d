"""Add hints to refusals for lack of money or gas: the amount missing, and how to get it."""

from __future__ import annotations

from instasell_cli.exit_codes import CliError, ExitCode
from instasell_cli.output.amounts import default_currency, shown_amount


def with_remedy(error: Exception, currency: str | None = None) -> Exception:
    """Return the error, with the command that tops the wallet up if that would have helped."""
    from instasell_client import InsufficientFunds, InsufficientGas

    if not isinstance(error, InsufficientFunds | InsufficientGas) or error.missing is None:
        return error
    currency = currency or default_currency()
    # A minor unit of money buys one unit of gas.
    amount = shown_amount(error.missing, currency)
    if isinstance(error, InsufficientGas):
        missing, command = f"{error.missing} gas", f"instasell wallet topup {amount} --gas"
    else:
        missing, command = f"{amount} {currency}", f"instasell wallet topup {amount}"
    return CliError(f"{error.title}; {missing} more is needed ({command})", ExitCode.CONFLICT)

"""Choose the filter or template of a run. Their libraries are loaded only for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_cli.command_tree import KEY, path_of
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.output.schema import records_of

if TYPE_CHECKING:
    import typer

    from instasell_cli.output.schema import RecordSchema
    from instasell_cli.output.writer import Transform

WITHOUT_RECORDS = {"api", "auctions watch", "listen", "listings export", "seed apply"}
"""Commands that write JSON which is not made of one kind of records."""


def transform_of(ctx: typer.Context) -> Transform | None:
    """Return what `--jq` or `--template` asks for. Raises UsageProblem for what is no such thing.

    It is compiled before the command does anything: a payment must not end in a spelling mistake.
    """
    expression, template = ctx.meta.get(KEY + "jq"), ctx.meta.get(KEY + "template")
    if expression is None and template is None:
        return None
    if expression is not None and template is not None:
        raise UsageProblem("give --jq or --template, not both")
    shape = written_by(ctx)
    path = path_of(ctx)
    if shape is None and path not in WITHOUT_RECORDS:
        raise UsageProblem(f"instasell {path} writes no records for --jq or --template")
    if expression is not None:
        from instasell_cli.output.jq_filter import JqFilter

        return JqFilter(expression)
    from instasell_cli.output.templates import JinjaTemplate

    one_kind = shape is not None and path not in WITHOUT_RECORDS
    return JinjaTemplate(template or "", shape.fields if shape and one_kind else None)


def written_by(ctx: typer.Context) -> RecordSchema | None:
    """Return the kind of records that the command writes."""
    return records_of(ctx.command)

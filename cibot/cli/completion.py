"""``cibot completion SHELL``: the script that teaches a shell to complete our commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "fish", "zsh"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what teaches a shell to complete commands, options and the names of CIs.

    Bash: put the example's line into ~/.bashrc. Zsh: the same with zsh, into
    ~/.zshrc. Fish: write its output to ~/.config/fish/completions/cibot.fish.

    \b
    Example:
      eval "$(cibot completion bash)"
    """
    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(ctx.find_root().command, {}, "cibot", "_CIBOT_COMPLETE")
    click.echo(made.source_template % made.source_vars())

"""What the command claims does and prints."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from diffusion_lessons.machine.files import write_atomically


def show_claims(names: Sequence[str] = (), *, every: bool = False, out: Path | None = None) -> None:
    """Measure the claims of these names (or every one) anew, write the page, and print the verdicts."""
    import claims

    unknown = sorted(set(names) - set(claims.CLAIMS))
    if unknown:
        raise ValueError(f"no claim {', '.join(unknown)}; they are C1 to C{len(claims.CLAIMS)}")
    ledger = claims.gather(None if every else names) if every or names else claims.read()
    page = out or Path("CLAIMS.md")
    write_atomically(page, claims.markdown(ledger).encode())
    shown: Iterable[str] = names or claims.CLAIMS
    for name in shown:
        print(f"{name:4} {claims.verdict(ledger.get(name, [])):22} {claims.CLAIMS[name].text}")
    print(f"written to {page}")

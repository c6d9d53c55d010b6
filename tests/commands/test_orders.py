"""The measured orders are printed and drawn."""

from diffusion_lessons.commands import orders
from diffusion_lessons.toys.convergence import Row


def test_a_slope_is_printed_for_each_sampler(tmp_path, monkeypatch, capsys):
    rows = [Row(name, name, N, N, 1 / N**order) for name, order in (("ddim", 1), ("heun", 2)) for N in (128, 256)]
    monkeypatch.setattr(orders, "errors", lambda: rows)
    monkeypatch.setattr(orders, "adaptive_errors", list)
    orders.show_orders(tmp_path / "orders.png")
    printed = capsys.readouterr().out.split()
    assert printed[:6] == ["ddim", "slope", "1.00", "heun", "slope", "2.00"]
    assert (tmp_path / "orders.png").read_bytes().startswith(b"\x89PNG")

"""What a learner prints to find a mistake can be read, however often the check calls the function."""

from diffusion_lessons.checks import check
from diffusion_lessons.checks.printing import first_lines


def test_the_first_lines_are_shown_and_the_others_counted(capsys):
    with first_lines(2):
        for k in range(5):
            print("line", k)
    assert capsys.readouterr().out.splitlines() == [
        "line 0",
        "line 1",
        "... and 3 lines more: a check calls the function many times",
    ]
    with first_lines(0):
        print("nothing of this")
    assert capsys.readouterr().out == ""


def test_a_check_shows_a_few_lines_of_what_a_function_prints(capsys):
    def ddim_step(x, eps, alpha_bar_t, alpha_bar_s):
        print("x =", alpha_bar_t)
        return x

    assert not check("ddim_step", ddim_step).passed
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 7 and printed[0].startswith("x =") and printed[-1].startswith("... and ")

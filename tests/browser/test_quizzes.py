"""A question in a real browser: a screen reader is told which answer was chosen."""

import nbformat

from tests.browser.server import KERNEL

PRESSED = """cell => [...cell.querySelectorAll(".widget-toggle-button")].map(one => one.getAttribute("aria-pressed"))"""


def test_a_chosen_answer_is_pressed_and_no_other(open_notebook):
    source = 'from diffusion_lessons.panels import predict\npredict("01.half_way")'
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["quiz"]})
    page = open_notebook(nbformat.v4.new_notebook(cells=[cell], metadata=KERNEL), "quiz.ipynb")
    page.run_all()
    quiz = page.cell(0)
    buttons = quiz.locator(".widget-toggle-button")
    buttons.first.wait_for()
    wait = f"which => JSON.stringify(({PRESSED})(document.querySelector('[data-number=\"0\"]'))) === which"
    page.page.wait_for_function(wait, arg='["false","false","false"]')
    buttons.nth(1).click()
    page.page.wait_for_function(wait, arg='["false","true","false"]')
    buttons.nth(2).click()
    page.page.wait_for_function(wait, arg='["false","false","true"]')

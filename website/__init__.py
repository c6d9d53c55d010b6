"""The course as a web site that needs no network: `make site` builds it from the executed lessons and the package.

    python -m website                # runs/site/html; no lesson is executed, its outputs are the stored ones
    python -m website --out FOLDER

Everything is written as Markdown into one folder first, and Sphinx makes pages of that: `lessons` turns notebooks into
Markdown, `reference` docstrings, `pages` the documents of the repository and the assignments without their solutions.
`frames` draws panels in their positions, and `playground` writes the tables that its page computes from. `mathml` sets
formulas while building, so that no page needs a script or the web for them.
"""

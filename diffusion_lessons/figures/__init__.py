"""Figures: what each shows is said in its title, axes and alternative text. Nothing here prints."""

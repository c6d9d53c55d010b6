"""The probe of a network says what it found and what it would have found."""

from diffusion_lessons.commands.probe import show_probe


def test_the_digits_network_is_probed_against_its_whole_training_set(capsys):
    found = show_probe("digits-diffusion", 60)
    assert found.trained_on == 1500 and len(found.ratio) == 60
    text = capsys.readouterr().out
    assert "of 1,500 training images" in text and "60 samples would have given away" in text

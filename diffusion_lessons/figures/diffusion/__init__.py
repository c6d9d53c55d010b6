"""Figures of noise, training, denoisers and samplers, lessons 01 to 06 and 11."""

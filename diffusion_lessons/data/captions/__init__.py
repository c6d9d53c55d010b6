"""Scenes of one coloured digit and perhaps one object, each with a sentence that leaves some of it unsaid.

The scenes are drawn by a program, so what a sentence leaves open is known exactly: `law.posterior` states it.

    scenes      attributes, and the distribution that scenes are drawn from
    strokes     handwriting as centre lines, from which any stroke width can be drawn
    render      scenes as pictures [B, 3, 32, 32] in [-1, 1]
    vocabulary  the words, and sentences as rows of word numbers
    sentences   what is said and what is left out, written and read back
    law         p(attributes | sentence), exactly
    sample      1,000 pictures with their sentences, and handwriting for more: nothing is downloaded
"""

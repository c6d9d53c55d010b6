"""Training the parts of the text-to-image system: judge, contrastive pair, autoencoder, denoisers."""

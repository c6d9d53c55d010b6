"""Pictures as files and notebooks hold them: grids of images, moving pictures, a picture with its words."""

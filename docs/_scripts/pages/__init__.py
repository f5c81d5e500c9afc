"""The pages of the reference, which the build makes from the code: each module makes Markdown of one part."""

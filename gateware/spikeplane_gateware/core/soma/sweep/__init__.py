"""The sweep of a core: a row of components, from a job to the masks that its population sends."""

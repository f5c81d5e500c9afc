"""The demo: a spiking network trained here on scikit-learn's digits, then quantised, mapped and run
on a simulated chip."""

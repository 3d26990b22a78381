"""Networks on small maps: values held channels-last, so that a layer is a few long passes and one product."""

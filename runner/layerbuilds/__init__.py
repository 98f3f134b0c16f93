"""Layers made of packages from an index: asked for here, installed by a worker, stored as a layer version."""

from runner.layerbuilds.requests import get_layer_build, list_layer_builds, request_layer_build

__all__ = ["get_layer_build", "list_layer_builds", "request_layer_build"]

"""OCI image: a layout archive for docker, podman and containerd, written without any of them (OCI
Image Format Specification 1.1: image-layout.md, manifest.md, config.md, layer.md)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tinsmith.build.archive import tarred
from tinsmith.build.contents import Contents
from tinsmith.build.image import firmware_text
from tinsmith.build.native import LINUX, System, linked, zig
from tinsmith.build.package import Order, Package

_TYPE = "application/vnd.oci.image"


@dataclass
class Layout:
    """Blobs by the name of their content, while an image is put together."""

    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, media: str, data: bytes) -> dict[str, Any]:
        """Store a blob; returns its descriptor (descriptor.md)."""
        digest = sha256(data).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"{_TYPE}.{media}", "digest": f"sha256:{digest}", "size": len(data)}


def make(order: Order) -> tuple[str, bytes]:
    """``<name>-oci.tar``: one image for amd64 and arm64, tagged with the version."""
    contents = Contents("oci_image", order)
    layout = Layout()
    images = [_image(contents, layout, system) for system in LINUX]
    index = {"schemaVersion": 2, "mediaType": f"{_TYPE}.index.v1+json", "manifests": images}
    named = layout.add("index.v1+json", _json(index))
    named["annotations"] = {"org.opencontainers.image.ref.name": order.version}
    layout.files["oci-layout"] = _json({"imageLayoutVersion": "1.0.0"})
    layout.files["index.json"] = _json({**index, "manifests": [named]})
    return f"{contents.name}-oci.tar", tarred(layout.files)


def _image(contents: Contents, layout: Layout, system: System) -> dict[str, Any]:
    """Descriptor of the image of one architecture."""
    order, name = contents.order, contents.name
    layer = _layer(order, system)
    config = {
        "architecture": system.architecture,
        "os": "linux",
        "config": {"Entrypoint": [f"/{name}"], "Cmd": ["selftest"], "User": "65534:65534"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.manifest.v1+json",
        "config": layout.add("config.v1+json", _json(config)),
        "layers": [layout.add("layer.v1.tar", layer)],
        "annotations": {
            "org.opencontainers.image.title": name,
            "org.opencontainers.image.version": order.version,
            "org.opencontainers.image.licenses": "Apache-2.0",
        },
    }
    platform = {"architecture": system.architecture, "os": "linux"}
    return {**layout.add("manifest.v1+json", _json(manifest)), "platform": platform}


def _layer(order: Order, system: System) -> bytes:
    """The only layer: the program and its papers."""
    contents = Contents("oci_image", order)
    sources = {f"native/{path}": text for path, text in contents.selftest().items()}
    sources["native/main.c"] = contents.text("oci_image/main.c.j2")
    sources["native/ts_linux.h"] = firmware_text("package/oci_image/ts_linux.h")
    contents.files[contents.name] = linked(order, system, sources, ("-static", "-Wl,-e,_start"))
    contents.complete((zig(order),))
    return tarred(contents.files, executable=(contents.name,))


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


PACKAGE = Package(name="oci_image", make=make)

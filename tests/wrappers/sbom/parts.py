"""Small real things to list: a Terraform module, a Python environment, an image."""

from __future__ import annotations

from pathlib import Path

from helpers.wrappers.crane import write_layer

H1 = "h1:" + "A" * 43 + "="
LOCK = f"""
provider "acme.test/platform/platform" {{
  version     = "0.1.0"
  constraints = "~> 0.1"
  hashes = ["{H1}", "zh:{"0" * 64}"]
}}
"""
MAIN = """
terraform {
  required_providers {
    platform = { source = "acme.test/platform/platform", version = "~> 0.1" }
    time     = { source = "hashicorp/time", version = ">= 0.9" }
  }
}

module "pool" {
  source  = "registry.acme.test/platform/gpu-pool/acme"
  version = "~> 1.2"
}

module "network" {
  source = "git::https://robot:hunter2hunter2@git.acme.test/network.git?ref=v2.0.1"
}

module "inner" {
  source = "./modules/inner"
}
"""
INNER = """
module "names" {
  source  = "registry.acme.test/platform/names/acme"
  version = "0.3.0"
}
"""
MODULES = """{"Modules": [
  {"Key": "", "Source": "", "Dir": "."},
  {"Key": "pool", "Source": "registry.acme.test/platform/gpu-pool/acme", "Version": "1.2.7", "Dir": "x"},
  {"Key": "inner.names", "Source": "registry.acme.test/platform/names/acme", "Version": "0.3.0", "Dir": "y"}]}
"""


def module(folder: Path, *, installed: bool = True) -> Path:
    """Write a module that calls three others and needs two providers, of which one is locked."""
    (folder / "modules/inner").mkdir(parents=True)
    (folder / "main.tf").write_text(MAIN)
    (folder / "modules/inner/main.tf").write_text(INNER)
    (folder / ".terraform.lock.hcl").write_text(LOCK)
    if installed:
        (folder / ".terraform/modules").mkdir(parents=True)
        (folder / ".terraform/modules/modules.json").write_text(MODULES)
    return folder


def environment(folder: Path, **packages: tuple[str, str]) -> Path:
    """Write what pip records of installed packages: name -> version and licence."""
    for name, (version, licence) in packages.items():
        info = folder / f"lib/python3.11/site-packages/{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: {licence}\n"
        )
        (info / "RECORD").write_text(f"{name}/__init__.py,,\n")
    return folder


def layer(folder: Path, root: Path) -> Path:
    """Return the files below *root* as a layer, the same bytes each time."""
    files = sorted(p for p in root.rglob("*") if p.is_file())
    content = {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
    return write_layer(folder / "layer.tar", content)

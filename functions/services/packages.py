"""Keeping the store of packages as small as what is in use."""

from django.db.models import QuerySet

from core import clock
from functions import archives
from functions.models import DeploymentPackage, LayerVersion, Version


def remove_unused_packages() -> int:
    """Remove what no version and no layer has needed for an hour; returns how many packages went. Safe to repeat."""
    _forget_deleted_layers()
    return archives.remove_unused(unused=_unused, now=clock.now())


def _unused() -> QuerySet[DeploymentPackage]:
    return DeploymentPackage.objects.exclude(pk__in=Version.objects.values("package")).exclude(
        pk__in=LayerVersion.objects.values("package")
    )


def _forget_deleted_layers() -> None:
    """A deleted layer version is kept for the functions that have it, and only for them."""
    deleted = LayerVersion.objects.exclude(deleted_at=None)
    if not deleted.exists():
        return
    attached = {arn for layers in Version.objects.values_list("layers", flat=True).distinct() for arn in layers}
    gone = [row.pk for row in deleted if row.arn not in attached]
    LayerVersion.objects.filter(pk__in=gone).delete()

from core import clock
from functions import archives
from functions.models import DeploymentPackage, LayerVersion
from functions.services.functions import delete_function, update_function_code
from functions.services.layers import delete_layer_version, publish_layer_version
from functions.services.packages import remove_unused_packages
from tests.functions.conftest import package


def after_an_hour(frozen_clock: clock.Frozen) -> int:
    """How many go at the second of two looks, an hour apart."""
    remove_unused_packages()
    frozen_clock.advance(hours=1)
    return remove_unused_packages()


def test_old_code_goes_an_hour_after_its_function(ada, make_function, frozen_clock, code_dir):
    make_function(ada)
    delete_function(account=ada, name="hello")

    assert remove_unused_packages() == 0
    frozen_clock.advance(minutes=59)
    assert remove_unused_packages() == 0
    frozen_clock.advance(minutes=1)
    assert remove_unused_packages() == 1

    assert not DeploymentPackage.objects.exists()
    assert {path.name for path in code_dir.rglob("*") if path.is_file()} == {"lock", "taking-place"}


def test_code_that_a_version_has_stays(ada, make_function, frozen_clock):
    make_function(ada, publish=True)
    update_function_code(account=ada, name="hello", package=package(lambda_function="x = 1\n"))

    assert after_an_hour(frozen_clock) == 0


def test_code_that_is_stored_again_gets_another_hour(ada, frozen_clock):
    stored = package()
    remove_unused_packages()
    frozen_clock.advance(hours=2)

    assert package() == stored

    assert remove_unused_packages() == 0
    assert archives.package_dir(stored.sha256).is_dir()


def test_a_deleted_layer_goes_when_the_last_function_lets_go_of_it(ada, make_function, frozen_clock):
    layer = publish_layer_version(account=ada, name="numbers", package=package(numbers="# numbers\n"))
    make_function(ada, layers=[layer.arn])
    delete_layer_version(account=ada, name="numbers", number=1)
    assert after_an_hour(frozen_clock) == 0

    delete_function(account=ada, name="hello")

    assert after_an_hour(frozen_clock) == 2
    assert not LayerVersion.objects.exists()


def test_what_went_can_be_stored_again(ada, frozen_clock):
    stored = package()
    after_an_hour(frozen_clock)

    assert archives.package_dir(package().sha256).is_dir()
    assert DeploymentPackage.objects.get() == stored


def test_what_a_killed_process_left_behind_goes_too(ada, code_dir):
    package()
    leftover = code_dir / "tmp" / "half-written"
    leftover.mkdir()
    (leftover / "zip").write_bytes(b"PK")

    remove_unused_packages()

    assert not leftover.exists()
    assert package(lambda_function="x = 1\n").size

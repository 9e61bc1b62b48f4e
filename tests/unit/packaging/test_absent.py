"""What stands in for the modules that the built program leaves out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "packaging"))
import absent
import lapack

PACKAGING = Path(absent.__file__).parent


def test_that_charts_and_optimisers_import_without_what_is_left_out():
    script = (
        "import absent; absent.stand_in(); import pyqtgraph, scipy.optimize, scipy.stats;"
        "print(scipy.optimize.brentq(lambda x: x * x - 4, 0, 9, xtol=1e-14), 'PySide6.QtOpenGL' in __import__('sys').modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PACKAGING, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2.0", "True"]


def test_that_what_is_left_out_can_be_named_and_inherited_but_not_made():
    module = absent.StandIn("somewhere")
    child = type("Child", (module.Widget,), {})
    assert module.Status.kOptimal is absent.LeftOut
    with pytest.raises(NotImplementedError, match="left out"):
        child()
    with pytest.raises(AttributeError):
        _ = module.__path__


@pytest.mark.skipif(not lapack.archives(), reason="gcc, liblapack-dev and libblas-dev make it")
def test_that_every_function_scipy_asks_for_is_in_the_small_library(tmp_path):
    import scipy

    site = Path(scipy.__file__).parents[1]
    internal = tmp_path / "internal"
    for name in ("scipy", "scipy.libs"):
        for file in (site / name).rglob("*.so*"):
            target = internal / file.relative_to(site)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file) if name == "scipy" else target.write_bytes(file.read_bytes())
    assert lapack.shrink(internal, tmp_path / "work")
    library = next((internal / "scipy.libs").glob("libscipy_openblas*"))
    assert library.stat().st_size < 8_000_000
    call = (
        f"import ctypes; norm = ctypes.CDLL({str(library)!r}).scipy_dnrm2_; norm.restype = ctypes.c_double;"
        "print(norm(ctypes.byref(ctypes.c_int(2)), (ctypes.c_double * 2)(3.0, 4.0), ctypes.byref(ctypes.c_int(1))))"
    )
    beside = {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}
    done = subprocess.run([sys.executable, "-c", call], env=beside, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "5.0", done.stderr

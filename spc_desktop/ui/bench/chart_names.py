"""What the charts of the registry are called."""

from spc_desktop.i18n import _, marked

_NAMES = {
    "p": marked("p chart (proportion nonconforming)"),
    "np": marked("np chart (number nonconforming)"),
    "c": marked("c chart (nonconformities)"),
    "u": marked("u chart (nonconformities per unit)"),
    "laney_p": marked("Laney p′ chart"),
    "laney_u": marked("Laney u′ chart"),
    "g": marked("g chart (units between events)"),
    "t": marked("t chart (time between events)"),
    "run": marked("Run chart"),
    "ewma_p": marked("EWMA chart of proportions"),
    "cusum_p": marked("CUSUM chart of proportions"),
    "ewma_u": marked("EWMA chart of rates"),
    "cusum_u": marked("CUSUM chart of rates"),
    "ewma_c": marked("EWMA chart of counts"),
    "cusum_c": marked("CUSUM chart of counts"),
    "t2": marked("Multivariate (T²) chart"),
    "t2_i": marked("Multivariate (T²) chart of single observations"),
    "generalized_variance": marked("Generalised variance chart"),
    "mewma": marked("Multivariate EWMA chart"),
    "xbar_r": marked("Xbar-R chart"),
    "xbar_s": marked("Xbar-S chart"),
    "r": marked("R chart"),
    "s": marked("S chart"),
    "median": marked("Median-R chart"),
    "i_mr": marked("I-MR chart"),
    "i_mr_r": marked("I-MR-R chart (between/within)"),
    "i_mr_s": marked("I-MR-S chart (between/within)"),
    "moving_average": marked("Moving average chart"),
    "ewma": marked("EWMA chart"),
    "cusum": marked("CUSUM chart"),
    "z_mr": marked("Z-MR chart (short run)"),
    "dnom_xbar_r": marked("Xbar-R chart of deviations from nominal (short run)"),
    "dnom_i_mr": marked("I-MR chart of deviations from nominal (short run)"),
    "zone": marked("Zone chart"),
    "acceptance": marked("Acceptance chart"),
    "pre_control": marked("Pre-control chart"),
}


def chart_title(name: str) -> str:
    """Return what a chart is called in the window's language; its own name where nobody has given it another."""
    return _(_NAMES[name]) if name in _NAMES else name

"""argopy, in an environment of its own, opens a folder mirror as a GDAC host: `make argopy` runs this file.

python tests/conformance/argopy_reads.py MIRROR
"""

import sys
import warnings


def main(host: str) -> None:
    warnings.simplefilter("ignore")
    import argopy

    index = argopy.ArgoIndex(host=host).load()
    frame = index.to_dataframe()
    assert index.N_RECORDS == len(frame) > 0
    fetcher = argopy.DataFetcher(src="gdac", gdac=host)
    for wmo in sorted(frame["wmo"].unique()):  # argopy's own filters leave nothing of some real floats
        whole = fetcher.float(int(wmo)).to_xarray()
        if whole.sizes["N_POINTS"]:
            break
    cycle = int(frame[frame["wmo"] == wmo]["cyc"].iloc[-1])
    profile = fetcher.profile(int(wmo), cycle).to_xarray()
    assert whole.sizes["N_POINTS"] > profile.sizes["N_POINTS"] > 0
    assert float(whole["TEMP"].min()) > -3
    print(f"argopy {argopy.__version__} on {host}: {len(frame):,} profiles in the index,")
    print(f"float {wmo}: {whole.sizes['N_POINTS']:,} points; its cycle {cycle}: {profile.sizes['N_POINTS']:,} points")


if __name__ == "__main__":
    main(sys.argv[1])

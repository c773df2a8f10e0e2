"""`python tests/wheel_equals_tree.py FOLDER`: does the wheel in the folder hold the same files as limbeck/ in git?"""

import subprocess
import sys
import zipfile
from pathlib import Path


def main(folder: Path) -> None:
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as packed:
        inside = {name for name in packed.namelist() if name.startswith("limbeck/")}
    listed = subprocess.run(["git", "ls-files", "limbeck"], capture_output=True, text=True, check=True)
    tree = set(listed.stdout.split())
    if inside != tree:
        sys.exit(f"missing in the wheel: {sorted(tree - inside)}; not in git: {sorted(inside - tree)}")
    print(f"{wheel.name} holds the tree's {len(tree)} files")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

#!/usr/bin/env bash
# Builds the package into a folder, for npm pack: build.sh PREFIX FOLDER, where PREFIX is where jaxrs is installed.
set -euo pipefail
prefix=$(cd "$1" && pwd) source=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2/native"
out=$(cd "$2" && pwd)
# Node brings the headers of its interface beside its binary, or the system has them.
include=$(node -p 'require("path").resolve(process.execPath, "../../include/node")')
[[ -f $include/node_api.h ]] || include=/usr/include/node
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs jaxrs)"
cc -std=c11 -O2 -Wall -Wextra -Werror -fPIC -shared -I"$include" "$source"/src/*.c -o "$out/native/jaxrs.node" "${flags[@]}" \
    -Wl,-rpath,'$ORIGIN' -lpthread
cp -L "$prefix"/lib/libjaxrs.so.0.1 "$out/native/"
cp -R "$source/lib" "$source/package.json" "$source/README.md" "$source/OPERATIONS.md" "$out/"

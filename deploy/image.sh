#!/usr/bin/env bash
# image.sh DIRECTORY   assembles the root file system of the program's image: the published program, the .NET runtime of this machine and the shared
# libraries both need. Nothing is downloaded. Then: docker build -t dataplane -f deploy/Dockerfile DIRECTORY
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:?usage: image.sh DIRECTORY}")
root=$out/root
[ ! -e "$root" ] || { echo "image.sh: $root exists"; exit 1; }
mkdir -p "$root"/{app,dotnet,tmp,etc,proc,sys,dev}

dotnet publish src/Cli -c Release -o "$root/app" --nologo -v quiet -clp:NoSummary
sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
cp "$sdk/dotnet" "$root/dotnet/"
cp -r "$sdk/host" "$root/dotnet/"
for framework in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
  version=$(ls "$sdk/shared/$framework" | sort -V | grep '^10\.' | tail -1)
  mkdir -p "$root/dotnet/shared/$framework"
  cp -r "$sdk/shared/$framework/$version" "$root/dotnet/shared/$framework/"
done

# Libraries that are linked, and those the runtime opens by name: TLS.
libraries() { find "$root/dotnet" "$root/app" -maxdepth 4 -type f \( -name '*.so' -o -name dotnet \) -exec ldd {} + 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\/.*ld-linux/ { print $1 }'; }
for name in libssl.so.3 libcrypto.so.3; do
  ldconfig -p | grep -o "/[^ ]*/$name\$" | head -1
done | cat - <(libraries) | sort -u | while read -r library; do
  case $library in "$root"*) continue ;; esac
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
printf 'root:x:0:0::/:/\n' > "$root/etc/passwd"
printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"
echo "$root: $(du -sh "$root" | cut -f1)"

# What ./run and ./test share: installs what is missing, says what it does, and leaves alone what is there.
# Sourced by both with the working directory at the top of the project.

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
give_up() { printf '%s\n' "$@" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else give_up "需要管理员权限来运行：$* / root is needed to run: $*"
  fi
}

# Installs Debian packages that are not there yet.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || give_up "请用本系统的方式安装：${missing[*]} / install these the way of your system: ${missing[*]}"
  say "安装 / installing: ${missing[*]}"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}")
  as_root "${install[@]}" && return 0
  say "更新软件源列表 / updating the package lists"
  as_root apt-get update -q
  as_root "${install[@]}"
}

# A Redis or Valkey server. Debian's redis-tools carries the whole server and starts no system service.
need_redis() {
  local tool=/usr/bin/redis-check-rdb
  if ! command -v valkey-server >/dev/null && ! command -v redis-server >/dev/null && [ ! -x "$tool" ]; then
    need_packages redis-tools
  fi
  if ! command -v redis-server >/dev/null && [ -x "$tool" ]; then
    mkdir -p target/bin
    ln -sf "$tool" target/bin/redis-server
    PATH="$PWD/target/bin:$PATH"
  fi
}

need_rust() {
  if ! command -v cargo >/dev/null && [ -f "$HOME/.cargo/env" ]; then
    # shellcheck disable=SC1091
    . "$HOME/.cargo/env"
  fi
  command -v cargo >/dev/null || give_up \
    "没有找到 Rust。请按 https://rustup.rs 安装。" "Rust is missing. Install it from https://rustup.rs"
}

need_node() {
  local major
  major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/' || true)
  [ "${major:-0}" -ge 20 ] || give_up \
    "需要 Node 20 或更新版本（现有：${major:-无}）。" "Node 20 or newer is needed (found: ${major:-none})."
}

# One hash over files and their names.
hash_of() { find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1; }

# The packages of the screens, when the lock file is another than at the last time.
need_ui_packages() {
  local stamp=kiosk-ui/node_modules/.warmhall-packages lock
  lock=$(hash_of kiosk-ui/package-lock.json)
  [ "$(cat "$stamp" 2>/dev/null)" = "$lock" ] && return 0
  say "安装界面的依赖 / installing what the screens need (npm ci)"
  (cd kiosk-ui && npm ci --no-audit --no-fund)
  echo "$lock" >"$stamp"
}

# The screens, when their sources are others than at the last time.
build_ui() {
  local stamp=kiosk-ui/node_modules/.warmhall-built sources
  need_ui_packages
  sources=$(cd kiosk-ui && hash_of ./*.html ./*.json ./*.ts ./*.js src scripts)
  [ -f kiosk-ui/dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$sources" ] && return 0
  say "构建界面 / building the screens"
  (cd kiosk-ui && npm run build)
  echo "$sources" >"$stamp"
}

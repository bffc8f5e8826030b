#!/bin/sh
# The first process of the node's own namespaces (process ids, mounts, network): makes them ready, says so, and stays
# until standard input ends, which is when its starter is gone. With it the kernel ends every process inside and takes
# every mount, link and rule away. Nothing here is seen from outside.
#   world.sh FOLDER KEPT...   FOLDER: becomes /var and holds what is written; KEPT: folders that stay seen under /var, /run
set -eu
folder=$1
shift

# What the node writes to fixed places under /var and /run goes to the data folder and to memory.
root=$folder/root
mkdir -p "$root/run" "$root/var/lib" "$root/var/log" "$root/var/tmp"
ln -sfn /run "$root/var/run"
mount -t tmpfs -o mode=755 node-run "$root/run"
for kept in "$@"; do
  case $kept in
    /var/* | /run/*)
      mkdir -p "$root$kept"
      mount --rbind "$kept" "$root$kept"
      ;;
  esac
done
mount --rbind "$root/var" /var
mount --rbind "$root/run" /run

# A kubelet sets these for the whole machine. Shown that they are as it wants them, it leaves the machine alone.
settings=/run/kernel-settings
mkdir "$settings"
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=$settings/$(echo "${setting%=*}" | tr / -)
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done
mount --make-rshared /

# The bridge of the pods carries the address of the node. There is no way from here to anywhere else.
ip link set lo up
ip link add cni0 type bridge
ip address add 10.42.0.1/16 dev cni0
ip link set cni0 up

echo ready
exec 2> /dev/null
cat > /dev/null

#!/usr/bin/env bash
# Runs the tests of one package with the avx512 kernels on a machine that has no AVX-512:
#
#     scripts/avx512/run.sh PACKAGE [TEST FLAGS]
#     scripts/avx512/run.sh ./internal/kernels -test.run 'Gemm|Elementwise' -test.v
#
# Test flags are spelt as the test binary wants them (-test.run, -test.v, -test.short) and hold no spaces. The output of
# the tests is printed as it comes; the exit status is theirs, or 125 if they could not be run.
#
# On a processor with AVX-512 (F, BW, DQ and VL) the tests just run. Elsewhere Debian's cloud kernel starts in the
# emulator Bochs, as a Skylake-X with one core, whose only process is the test binary. The emulator carries out some
# 50 million instructions a second, a hundredth of a real core, and starting takes half a minute. So it shows
# that the kernels compute the right numbers with the right instructions (anything newer than Skylake-X is an illegal
# instruction), and says nothing about speed; times that the tests print are not to be believed.
#
# Needs Debian or Ubuntu on amd64; missing packages are installed with apt-get, which takes root. The kernel image is
# kept in the user's cache directory. AVX512_LIMIT is the most seconds that an emulation may take (900), AVX512_EMULATE=1
# emulates even where it need not be.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
	echo "avx512/run.sh: $*" >&2
	exit 125
}

[ $# -ge 1 ] || fail "want PACKAGE [TEST FLAGS]"
package=$1
shift

native() {
	for flag in avx512f avx512bw avx512dq avx512vl; do
		grep -qw "$flag" /proc/cpuinfo || return 1
	done
}

dir=$(go list -f '{{.Dir}}' "$package") || fail "no package $package"
work=$(mktemp -d)
emulator=
trap '[ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -p "$work"/root/{test,tmp,dev} "$work/iso"
CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go test -c -o "$work/root/test/binary" "$package"

if native && [ -z "${AVX512_EMULATE:-}" ]; then
	cd "$dir"
	CAPAS_KERNELS=avx512 "$work/root/test/binary" "$@"
	exit
fi

# Emulator, boot loader and the tools that pack a disc.
packages=
[ -x /usr/bin/bochs ] || packages+=" bochs"
[ -e /usr/share/bochs/BIOS-bochs-latest ] || packages+=" bochsbios"
[ -e /usr/share/bochs/VGABIOS-lgpl-latest ] || packages+=" vgabios"
[ -e /usr/lib/ISOLINUX/isolinux.bin ] || packages+=" isolinux"
[ -e /usr/lib/syslinux/modules/bios/ldlinux.c32 ] || packages+=" syslinux-common"
[ -x /usr/bin/genisoimage ] || packages+=" genisoimage"
[ -x /usr/bin/cpio ] || packages+=" cpio"
if [ -n "$packages" ]; then
	command -v apt-get >/dev/null || fail "no AVX-512, and no apt-get to install an emulator with:$packages"
	apt-get update -qq || fail "apt-get update failed"
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1 ||
		fail "cannot install$packages"
fi

# The kernel: downloaded and unpacked, not installed.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/capas/avx512
if [ ! -s "$cache/linux" ]; then
	(
		cd "$work"
		image=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
		[ -n "$image" ] || { apt-get update -qq && image=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1); }
		apt-get download -qq "$image" >/dev/null 2>&1
		mkdir -p "$cache" deb
		dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x -C deb ./boot
		cp deb/boot/vmlinuz-* "$cache/linux.$$"
		mv "$cache/linux.$$" "$cache/linux"
	) || fail "cannot download Debian's package linux-image-cloud-amd64"
fi

# The disc: kernel and, as initial file system, init and the tests.
CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -ldflags='-s -w' -o "$work/root/init" ./scripts/avx512/init
[ ! -d "$dir/testdata" ] || cp -r "$dir/testdata" "$work/root/test/"
cat >"$work/nodes" <<-EOF
	dev/console c 5 1
	dev/null c 1 3
EOF
while read -r name node; do
	# shellcheck disable=SC2086
	mknod "$work/root/$name" $node || fail "mknod: want to be root"
done <"$work/nodes"
(cd "$work/root" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/iso/initrd"
cp "$cache/linux" /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$work/iso/"
# Without XSAVEC and XSAVES, since Bochs reports another size of the saved state than Linux expects, which then disables
# AVX. The clock of the emulated machine does not run at the speed that tests count on, hence no time limit.
cat >"$work/iso/isolinux.cfg" <<-EOF
	default linux
	label linux
	 kernel linux
	 append initrd=initrd console=ttyS0 loglevel=1 clearcpuid=xsaves,xsavec mitigations=off nokaslr nosmp tsc=reliable panic=-1 -- -test.timeout=0 $*
EOF
genisoimage -quiet -o "$work/disc.iso" -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$work/iso" ||
	fail "genisoimage failed"

# At 5 million instructions an emulated second the waits of BIOS and boot loader are short.
cat >"$work/bochsrc" <<-EOF
	cpu: model=corei7_skylake_x, count=1, ips=5000000
	memory: guest=1024, host=1024
	romimage: file=/usr/share/bochs/BIOS-bochs-latest
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	boot: cdrom
	ata0-master: type=cdrom, path=$work/disc.iso, status=inserted
	com1: enabled=1, mode=file, dev=$work/serial
	display_library: rfb, options="timeout=0"
	sound: waveoutdrv=dummy
	clock: sync=none
	log: $work/log
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	debug: action=ignore
EOF
echo c >"$work/debugger"
: >"$work/serial"
timeout "${AVX512_LIMIT:-900}" bochs -q -f "$work/bochsrc" -rc "$work/debugger" >"$work/bochs" 2>&1 </dev/null &
emulator=$!
tail -f -s 0.2 --pid="$emulator" "$work/serial" | sed -u -e 's/\r$//' -e '/^init: exit status/d'
ended=0
wait "$emulator" || ended=$?
emulator=
status=$(tr -d '\r' <"$work/serial" | sed -n 's/^init: exit status \([0-9]*\)$/\1/p')
[ -n "$status" ] && exit "$status"
[ "$ended" -ne 124 ] || fail "not done after ${AVX512_LIMIT:-900} s (AVX512_LIMIT)"
tail -n 5 "$work/log" "$work/bochs" >&2
fail "the emulation broke off (exit status of bochs: $ended)"

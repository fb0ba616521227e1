// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// The kernel side of the sensors. Loaded into the kernel at start by src/sensor/ebpf/object.cpp; which
// of the programs are loaded depends on what the kernel takes.
//
// mailvigil is under the Apache License 2.0. The kernel gives the helpers that read its memory only to
// programs that say they are under the GPL; so this folder's C files may be used under either.
#include "sensor/ebpf/kernel.h"  // before libbpf's headers, which need its types

#include "sensor/ebpf/change.h"
#include "sensor/ebpf/network.h"
#include "sensor/ebpf/open.h"
#include "sensor/ebpf/process.h"
#include "sensor/ebpf/read.h"

char LICENSE[] SEC("license") = "GPL";

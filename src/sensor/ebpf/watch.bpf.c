// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// The kernel side of the sensors. Loaded into the kernel at start by src/sensor/ebpf/object.cpp; which
// of the programs are loaded depends on what the kernel takes.
//
// mailvigil is under the Apache License 2.0. The kernel gives the helpers that read its memory only to
// programs that say they are under the GPL; so this folder's C files may be used under either.
#include "kernel.h"  // before libbpf's headers, which need its types

#include "change.h"
#include "network.h"
#include "open.h"
#include "process.h"
#include "read.h"

char LICENSE[] SEC("license") = "GPL";

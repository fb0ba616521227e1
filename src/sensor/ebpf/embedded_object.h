// The compiled watch.bpf.c, within this program: nothing is compiled where it runs.
#pragma once

#include <string_view>

namespace mailvigil::sensor::ebpf {

/// An ELF object for bpf_object__open_mem(), aligned for it.
std::string_view embedded_object();

}  // namespace mailvigil::sensor::ebpf

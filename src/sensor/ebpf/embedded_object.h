// The compiled watch.bpf.c, within this program: nothing is compiled where it runs.
#pragma once

#include <array>
#include <string_view>

namespace mailvigil::sensor::ebpf {

/// ELF objects for bpf_object__open_mem(), aligned for it; the one that is better comes first, the
/// one that every kernel takes last.
std::array<std::string_view, 2> embedded_objects();

}  // namespace mailvigil::sensor::ebpf

// What each program of watch.bpf.c is for, and what is not seen without it.
#pragma once

#include <span>
#include <string_view>

namespace mailvigil::sensor::ebpf {

struct ProgramRow {
    std::string_view name;
    std::string_view what;
    std::string_view consequence;
    bool vital = false;  ///< without it the sensor is of no use
};

std::span<const ProgramRow> program_rows();

}  // namespace mailvigil::sensor::ebpf
